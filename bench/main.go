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
	rounds int
	slice  time.Duration
	rows   int // of the large table
	out    io.Writer

	machine  machine // before the run
	chapters []chapter
	costs    []cost
	aims     []judgement
	missing  []error // engines that are not installed
}

// The report marks a run with fewer rounds or rows as a short one.
const (
	usualRounds = 200
	usualRows   = 1_000_000
)

func main() {
	b := bench{out: os.Stdout, machine: thisMachine()}
	engines := flag.String("engines", "memory,sqlite,postgresql,mariadb", "what to measure, separated by commas")
	flag.IntVar(&b.rounds, "rounds", usualRounds, "rounds; each case runs one slice a round")
	flag.DurationVar(&b.slice, "slice", 5*time.Millisecond, "length of a slice")
	flag.IntVar(&b.rows, "rows", usualRows, "rows of the large table")
	write := flag.String("write", "", "folder to write performance.md into; empty: only print the tables")
	flag.Parse()
	// The context is checked between slices. Measured calls have contexts of their own.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	began := time.Now()
	err := b.run(ctx, strings.Split(*engines, ","))
	if err == nil && *write != "" {
		err = b.report(began, time.Since(began)).write(*write)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, engines []string) error {
	if b.rounds < 1 || b.rows < 10_000 {
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
	for _, j := range b.aims {
		fmt.Fprintln(b.out, j)
	}
	for _, err := range b.missing {
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
		b.missing = append(b.missing, err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	b.chapter(s.version)
	if err := b.small(ctx, s); err != nil {
		return err
	}
	return b.large(ctx, s)
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
	r, err := g.measure(ctx, b.rounds, b.slice)
	if err != nil {
		return fmt.Errorf("%s: %w", g.title, err)
	}
	b.add(r.table())
	b.costs = append(b.costs, r.costs()...)
	b.aims = append(b.aims, r.judgements()...)
	return nil
}

// chapter starts a chapter of the report.
func (b *bench) chapter(title string) {
	fmt.Fprintf(b.out, "## %s\n\n", title)
	b.chapters = append(b.chapters, chapter{Title: title})
}

// add prints a table and adds it to the present chapter.
func (b *bench) add(t table) {
	fmt.Fprintln(b.out, t.Markdown())
	last := &b.chapters[len(b.chapters)-1]
	last.Tables = append(last.Tables, t)
}
