package integration_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"sync"
)

// wire is the part of the protocol of one connection that is necessary to recognize statements and their answers.
type wire interface {
	read(from io.Reader, client bool) (message, error)
	statement(m message) string // the statement that a message of the client runs or prepares; empty: none
	answer(m message) string    // the result of a statement in a message of the server; empty: none
}

// message is one message of one side.
type message struct {
	raw  []byte
	kind byte // PostgreSQL: the type; MySQL: the place in the exchange, 0 for a command
	body []byte
}

// postgresWire reads messages with a type, a length of four bytes that includes itself, and a body. The first message of a client
// has no type.
type postgresWire struct {
	started bool              // used only when reading from the client
	names   map[string]string // of the prepared statements
}

func newPostgresWire() wire { return &postgresWire{names: map[string]string{}} }

func (w *postgresWire) read(from io.Reader, client bool) (m message, err error) {
	head := make([]byte, 5)
	if client && !w.started {
		w.started = true
		head = head[:4]
	}
	if _, err := io.ReadFull(from, head); err != nil {
		return m, err
	}
	m.raw = append(head, make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)...)
	m.body = m.raw[len(head):]
	if len(head) == 5 {
		m.kind = head[0]
	}
	_, err = io.ReadFull(from, m.body)
	return m, err
}

func (w *postgresWire) statement(m message) string {
	first, rest, _ := bytes.Cut(m.body, []byte{0})
	second, _, _ := bytes.Cut(rest, []byte{0})
	switch m.kind {
	case 'Q': // Query
		return string(first)
	case 'P': // Parse
		w.names[string(first)] = string(second)
		return "PREPARE " + string(second)
	case 'B': // Bind, which an Execute follows
		return w.names[string(second)]
	}
	return ""
}

func (w *postgresWire) answer(m message) string {
	switch m.kind {
	case 'C': // CommandComplete
		return strings.TrimRight(string(m.body), "\x00")
	case '1': // ParseComplete
		return "PREPARED"
	case 'E':
		return "ERROR"
	}
	return ""
}

// mysqlWire reads messages with a length of three bytes, a number, and a body.
type mysqlWire struct {
	mu        sync.Mutex
	preparing string            // the statement whose number the server sends next
	prepared  map[uint32]string // statements by number
	asked     bool              // the next message of the server is the answer to a command
}

func newMySQLWire() wire { return &mysqlWire{prepared: map[uint32]string{}} }

func (w *mysqlWire) read(from io.Reader, _ bool) (m message, err error) {
	m.raw = make([]byte, 4)
	if _, err := io.ReadFull(from, m.raw); err != nil {
		return m, err
	}
	m.kind = m.raw[3]
	m.raw = append(m.raw, make([]byte, int(m.raw[0])|int(m.raw[1])<<8|int(m.raw[2])<<16)...)
	m.body = m.raw[4:]
	_, err = io.ReadFull(from, m.body)
	return m, err
}

func (w *mysqlWire) statement(m message) string {
	if m.kind != 0 || len(m.body) == 0 {
		return "" // part of the greeting
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked, w.preparing = true, ""
	switch m.body[0] {
	case 0x03: // COM_QUERY
		return string(m.body[1:])
	case 0x16: // COM_STMT_PREPARE
		w.preparing = string(m.body[1:])
		return "PREPARE " + w.preparing
	case 0x17: // COM_STMT_EXECUTE
		return w.prepared[binary.LittleEndian.Uint32(m.body[1:])]
	}
	return ""
}

func (w *mysqlWire) answer(m message) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.asked || len(m.body) == 0 {
		return ""
	}
	w.asked = false
	switch {
	case m.body[0] == 0xff:
		return "ERROR"
	case w.preparing != "":
		w.prepared[binary.LittleEndian.Uint32(m.body[1:])] = w.preparing
		return "PREPARED"
	case m.body[0] == 0:
		return "OK"
	}
	return "ROWS"
}
