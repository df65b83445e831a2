// Command bench measures what apitoken costs next to a floor: the least that the same work can cost. It measures in memory
// and on SQLite, PostgreSQL and MariaDB, and starts the servers that it needs. It also measures what hosts would take
// instead: JWTs, sessions, and statements written by hand.
//
// The cases of a group run interleaved, in short slices and in random order, over many rounds. A busy machine then slows
// all of them down alike. Read the ratios, not the microseconds.
//
//	go run ./bench
//	go run ./bench -engines sqlite -rounds 20 -rows 10000
//	go run ./bench -write docs
//
// The last command writes docs/performance.md. A missed aim is reported and is not a failure. A wrong result is one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

// bench is one run of the program.
type bench struct {
	report
	out io.Writer
}

// The report marks a run with fewer rounds or rows as a short one.
const (
	usualRounds = 200
	usualRows   = 1_000_000
)

func main() {
	b := bench{report{Began: time.Now(), Machine: thisMachine()}, os.Stdout}
	engines := flag.String("engines", "memory,sqlite,postgresql,mariadb", "what to measure, separated by commas")
	flag.IntVar(&b.Rounds, "rounds", usualRounds, "rounds; each case runs one slice a round")
	flag.DurationVar(&b.Slice, "slice", 5*time.Millisecond, "length of a slice")
	flag.IntVar(&b.Rows, "rows", usualRows, "rows of the large table")
	write := flag.String("write", "", "folder to write performance.md into; empty: only print the tables")
	flag.Parse()
	// The context is checked between slices. Measured calls have contexts of their own.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := b.run(ctx, strings.Split(*engines, ","))
	if err == nil && *write != "" {
		b.Took = time.Since(b.Began)
		err = b.write(*write)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, engines []string) error {
	if b.Rounds < 1 || b.Rows < 10_000 {
		return errors.New("at least 1 round and 10,000 rows are needed")
	}
	for _, name := range engines {
		run := func() error { return b.runEngine(ctx, name) }
		if name == "memory" {
			run = func() error { return b.inMemory(ctx) }
		}
		if err := run(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, j := range b.Aims {
		fmt.Fprintln(b.out, j)
	}
	for _, err := range b.Missing {
		fmt.Fprintln(b.out, "!! NOT MEASURED:", err)
	}
	return nil
}

// runEngine measures on one database server, in a folder that is removed afterwards. A server that is not installed is
// reported and skipped.
func (b *bench) runEngine(ctx context.Context, name string) (err error) {
	dir, err := os.MkdirTemp("", "apitoken-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := start(ctx, name, dir)
	if errors.Is(err, engine.ErrMissing) {
		b.Missing = append(b.Missing, err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	b.chapter(s.version)
	return b.onDatabase(ctx, s)
}

// compare builds a group, measures it and prints it.
func (b *bench) compare(ctx context.Context, build func(context.Context) (group, error)) error {
	g, err := build(ctx)
	if err != nil {
		return err
	}
	err = b.measure(ctx, g)
	if g.close != nil {
		err = errors.Join(err, g.close())
	}
	return err
}

func (b *bench) measure(ctx context.Context, g group) error {
	r, err := g.measure(ctx, b.Rounds, b.Slice)
	if err != nil {
		return fmt.Errorf("%s: %w", g.title, err)
	}
	b.add(r.table())
	b.Costs = append(b.Costs, r.costs()...)
	b.Aims = append(b.Aims, r.judgements()...)
	return nil
}

// chapter starts a chapter of the report.
func (b *bench) chapter(title string) {
	fmt.Fprintf(b.out, "## %s\n\n", title)
	b.Chapters = append(b.Chapters, chapter{Title: title})
}

// add prints a table and adds it to the present chapter.
func (b *bench) add(t table) {
	fmt.Fprintln(b.out, t.Markdown())
	last := &b.Chapters[len(b.Chapters)-1]
	last.Tables = append(last.Tables, t)
}
