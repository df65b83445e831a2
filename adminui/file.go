package adminui

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
	"time"
)

// stall is how long a file may wait for the browser to take the next 4 KiB. As long as it goes on, the WriteTimeout of the
// server does not cut it off: no timeout for a page fits a file of a million tokens.
const stall = time.Minute

// file is the CSV file on its way to the browser.
type file struct {
	v          *visit
	controller *http.ResponseController
	out        *csv.Writer
	begun      bool         // the header is written
	sent       bool         // the browser has some of it
	whole      bytes.Buffer // for HTTP/1.0
}

func newFile(v *visit) *file {
	f := &file{v: v, controller: http.NewResponseController(v.w)}
	f.out = csv.NewWriter(f)
	f.extend()
	return f
}

// Write takes what the CSV writer has gathered. HTTP/1.0 has no mark for the end of a body of unknown length, so that a proxy
// which speaks it takes a part for the whole: there the file is sent in one piece, with its length.
func (f *file) Write(p []byte) (int, error) {
	if !f.v.r.ProtoAtLeast(1, 1) {
		return f.whole.Write(p)
	}
	f.extend()
	f.sent = true
	return f.v.w.Write(p)
}

// extend gives the browser more time. A deadline of a connection is a time of the machine, and none of the Manager's clock. Where
// the host has wrapped the ResponseWriter so that it has none, the timeout of the server holds.
func (f *file) extend() { _ = f.controller.SetWriteDeadline(time.Now().Add(stall)) }

func (f *file) add(record []string) error {
	if !f.begun {
		if err := f.begin(); err != nil {
			return err
		}
	}
	return f.out.Write(record)
}

func (f *file) begin() error {
	f.begun = true
	f.v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	f.v.w.Header().Set("Content-Disposition", `attachment; filename="tokens.csv"`)
	header := csvHeader
	if f.v.opts.CSVByteOrderMark {
		header = append([]string{"\ufeff" + header[0]}, header[1:]...)
	}
	return f.out.Write(header)
}

// finish sends what is left.
func (f *file) finish() error {
	if !f.begun {
		if err := f.begin(); err != nil {
			return err
		}
	}
	f.out.Flush()
	if err := f.out.Error(); err != nil {
		return err
	}
	if !f.v.r.ProtoAtLeast(1, 1) {
		f.extend()
		f.v.w.Header().Set("Content-Length", strconv.Itoa(f.whole.Len()))
		if _, err := f.v.w.Write(f.whole.Bytes()); err != nil {
			return err
		}
	}
	_ = f.controller.Flush()
	f.end()
	return nil
}

// end leaves no deadline behind: the connection serves other requests.
func (f *file) end() { _ = f.controller.SetWriteDeadline(time.Time{}) }

// cut ends the connection. The deadline does so also where a middleware takes the panic for an answer that is complete.
func (f *file) cut() {
	_ = f.controller.SetWriteDeadline(time.Unix(1, 0))
	panic(http.ErrAbortHandler)
}
