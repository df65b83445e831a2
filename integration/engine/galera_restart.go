package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// position is the state of a node: the history of its data, and the number of its last change.
type position struct {
	history string
	last    int64
}

func (p position) String() string { return p.history + ":" + strconv.FormatInt(p.last, 10) }

// noHistory is the history of a node that never had all data, and has to copy them.
const noHistory = "00000000-0000-0000-0000-000000000000"

// Start starts node i again after Kill, and waits until it has all data. Both other nodes must run, because a single one
// has lost the majority. Otherwise kill it, and use StartAll.
func (g *Galera) Start(i int) error {
	for other, m := range g.nodes {
		if other != i && !m.server.running() {
			return fmt.Errorf("start node %d of Galera: node %d is not running either", i, other)
		}
	}
	// After a crash a node does not know its position, and without it would copy all data.
	at, err := g.nodes[i].recoverPosition()
	if err != nil {
		return fmt.Errorf("start node %d of Galera: %w", i, err)
	}
	return wrapped(g.nodes[i].join(at), "start node %d of Galera", i)
}

// StartAll starts all nodes after all were killed. It begins with the one with the latest position. With another one,
// changes would be lost silently on some of the nodes.
func (g *Galera) StartAll() error {
	positions := make([]position, len(g.nodes))
	for i, m := range g.nodes {
		var err error
		if positions[i], err = m.recoverPosition(); err != nil {
			return fmt.Errorf("recover node %d of Galera: %w", i, err)
		}
	}
	first, err := furthest(positions)
	if err != nil {
		return fmt.Errorf("start all nodes of Galera: %w", err)
	}
	if err := g.nodes[first].begin(positions[first]); err != nil {
		return fmt.Errorf("start node %d of Galera as the first: %w", first, err)
	}
	for i, m := range g.nodes {
		if i == first {
			continue
		}
		if err := m.join(positions[i]); err != nil {
			return fmt.Errorf("start node %d of Galera: %w", i, err)
		}
	}
	return nil
}

// furthest returns the index of the position with the highest number. All must be of one history.
func furthest(positions []position) (int, error) {
	first := -1
	for i, p := range positions {
		switch {
		case p.history == noHistory:
		case first < 0:
			first = i
		case p.history != positions[first].history:
			return 0, fmt.Errorf("the nodes have different histories: %v", positions)
		case p.last > positions[first].last:
			first = i
		}
	}
	if first < 0 {
		return 0, errors.New("no node has any data")
	}
	return first, nil
}

var recovered = regexp.MustCompile(`Recovered position:? *([0-9a-f-]{36}):(-?[0-9]+)`)

// recoverPosition determines the position of a killed node. InnoDB repairs its files.
func (m *MariaDB) recoverPosition() (position, error) {
	if m.server.running() {
		return position{}, errRunning
	}
	tool := m.server.program
	tool.args = slices.Concat(tool.args, []string{"--wsrep-recover"})
	tool.log = filepath.Join(tool.dir, "recover.log")
	if err := os.Remove(tool.log); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return position{}, err
	}
	if err := tool.run(m.server.limit); err != nil {
		return position{}, err
	}
	log, err := os.ReadFile(tool.log)
	if err != nil {
		return position{}, err
	}
	found := recovered.FindSubmatch(log)
	if found == nil {
		return position{}, fmt.Errorf("%s names no position", tool.log)
	}
	last, err := strconv.ParseInt(string(found[2]), 10, 64)
	if err != nil {
		return position{}, err
	}
	return position{history: string(found[1]), last: last}, nil
}

// join starts a node at its position. It joins the others.
func (m *MariaDB) join(at position) error {
	return m.server.start("--wsrep-start-position=" + at.String())
}

// begin starts a node at its position as the first one of the cluster.
func (m *MariaDB) begin(at position) error {
	// Galera begins only with the node that was stopped last. After a crash there is none.
	state := filepath.Join(m.server.program.dir, "data", "grastate.dat")
	text, err := os.ReadFile(state)
	if err != nil {
		return err
	}
	text = bytes.Replace(text, []byte("safe_to_bootstrap: 0"), []byte("safe_to_bootstrap: 1"), 1)
	if err := os.WriteFile(state, text, 0); err != nil {
		return err
	}
	return m.server.start("--wsrep-new-cluster", "--wsrep-start-position="+at.String())
}
