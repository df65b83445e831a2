package adminui

import (
	"bytes"
	"encoding/csv"
	"iter"
	"net/http"
	"strconv"
	"time"
)

// writeTimeout is how long the browser may take for the next 4 KiB of a file. It replaces the WriteTimeout of the server, because no
// timeout for a page suits a file of a million tokens.
const writeTimeout = time.Minute

// file writes a CSV file to the browser.
type file struct {
	v          *visit
	name       string
	header     []string
	controller *http.ResponseController
	out        *csv.Writer
	begun      bool         // the header was written
	sent       bool         // bytes were sent
	buffered   bytes.Buffer // for HTTP/1.0
}

func newFile(v *visit, name string, header []string) *file {
	f := &file{v: v, name: name, header: header, controller: http.NewResponseController(v.w)}
	f.out = csv.NewWriter(f)
	f.extendDeadline()
	return f
}

// Write sends what the CSV writer has buffered. HTTP/1.0 cannot mark the end of a body of unknown length, so a proxy that speaks it
// would take an incomplete file for a complete one. There the file is buffered and sent with its length.
func (f *file) Write(p []byte) (int, error) {
	if !f.v.r.ProtoAtLeast(1, 1) {
		return f.buffered.Write(p)
	}
	f.extendDeadline()
	f.sent = true
	return f.v.w.Write(p)
}

// extendDeadline gives the browser more time. It reads the clock of the machine, because connections do not use the Manager's. If
// the host wraps the ResponseWriter without deadlines, the timeout of the server applies.
func (f *file) extendDeadline() { _ = f.controller.SetWriteDeadline(time.Now().Add(writeTimeout)) }

// stream writes records to the browser. If an error comes after the first bytes were sent, it aborts the connection, so that an
// incomplete file does not look complete.
func (f *file) stream(records iter.Seq2[[]string, error]) error {
	for record, err := range records {
		if err != nil && !f.sent {
			f.clearDeadline()
			f.v.w.Header().Del("Content-Disposition")
			return err
		}
		if err != nil {
			if f.v.r.Context().Err() == nil { // otherwise the browser has left
				f.v.callOnError(err)
			}
			f.abort()
		}
		if f.add(record) != nil {
			f.abort()
		}
	}
	if f.finish() != nil {
		f.abort()
	}
	return nil
}

func (f *file) add(record []string) error {
	if !f.begun {
		if err := f.writeHeader(); err != nil {
			return err
		}
	}
	return f.out.Write(record)
}

func (f *file) writeHeader() error {
	f.begun = true
	f.v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	f.v.w.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	header := f.header
	if f.v.opts.CSVByteOrderMark {
		header = append([]string{"\ufeff" + header[0]}, header[1:]...)
	}
	return f.out.Write(header)
}

// finish sends the rest of the file.
func (f *file) finish() error {
	if !f.begun {
		if err := f.writeHeader(); err != nil {
			return err
		}
	}
	f.out.Flush()
	if err := f.out.Error(); err != nil {
		return err
	}
	if !f.v.r.ProtoAtLeast(1, 1) {
		f.extendDeadline()
		f.v.w.Header().Set("Content-Length", strconv.Itoa(f.buffered.Len()))
		if _, err := f.v.w.Write(f.buffered.Bytes()); err != nil {
			return err
		}
	}
	_ = f.controller.Flush()
	f.clearDeadline()
	return nil
}

// clearDeadline removes the deadline, because the connection serves further requests.
func (f *file) clearDeadline() { _ = f.controller.SetWriteDeadline(time.Time{}) }

// abort ends the connection. A middleware may recover from the panic and complete the response; the deadline prevents that.
func (f *file) abort() {
	_ = f.controller.SetWriteDeadline(time.Unix(1, 0))
	panic(http.ErrAbortHandler)
}
