// Command bench measures apitoken side by side with the least that the same work can cost: in memory, and on SQLite,
// PostgreSQL and MariaDB, whose servers it starts for itself; with what else tells who is there: JWTs, sessions, sealed
// cookies, keyed hashes and hashes of passwords; and the middleware beside a handler that nothing protects and one that a
// JWT protects. All cases of a group run interleaved in random order in short slices over many rounds, so
// that a machine that is busy with something else slows all of them down alike: read the ratios, not the microseconds.
//
//	go run ./bench
//	go run ./bench -engines sqlite -rounds 20 -rows 10000
//	go run ./bench -write docs
//
// The last writes docs/performance.md, with a picture of most groups in docs/performance.
// It ends with a line for each aim. To miss one is no failure of the program; a wrong answer or an error is.
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

	chapters []chapter   // what was measured
	verdicts []judgement // one for each aim
	left     []error     // what was not measured
}

// A run with fewer is a short one, and the report says so.
const (
	usualRounds = 200
	usualRows   = 1_000_000
)

func main() {
	b := bench{out: os.Stdout}
	engines := flag.String("engines", "memory,sqlite,postgresql,mariadb", "what to measure, with commas between")
	flag.IntVar(&b.rounds, "rounds", usualRounds, "rounds; each case runs one slice a round")
	flag.DurationVar(&b.slice, "slice", 5*time.Millisecond, "length of a slice")
	flag.IntVar(&b.rows, "rows", usualRows, "rows of the large table, which pages are read from and expired tokens are removed from")
	write := flag.String("write", "", "folder to write performance.md into; without, the tables are only printed")
	flag.Parse()
	// The context is looked at between slices. What is measured has contexts of its own.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	began := time.Now()
	err := b.run(ctx, strings.Split(*engines, ","))
	if err == nil && *write != "" {
		err = b.report(began).write(*write)
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
		if name == "memory" {
			b.chapter("In memory")
			if err := b.inMemory(ctx); err != nil {
				return err
			}
			continue
		}
		if err := b.runEngine(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(b.verdicts) > 0 {
		fmt.Fprintln(b.out, "Aims, judged by p50")
	}
	for _, v := range b.verdicts {
		fmt.Fprintln(b.out, v)
	}
	for _, err := range b.left {
		fmt.Fprintln(b.out, "!! NOT MEASURED:", err)
	}
	return nil
}

// runEngine measures on one kind of database, in a folder that is removed afterwards. Where its server is not installed, it
// says so and goes on.
func (b *bench) runEngine(ctx context.Context, name string) (err error) {
	dir, err := os.MkdirTemp("", "apitoken-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := start(ctx, name, dir)
	if errors.Is(err, engine.ErrMissing) {
		fmt.Fprintf(b.out, "!! NOT MEASURED: %v\n\n", err)
		b.left = append(b.left, err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	begin := time.Now()
	b.chapter(s.version)
	if err := b.small(ctx, s); err != nil {
		return err
	}
	if err := b.large(ctx, s); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "%s took %.0f s.\n\n", s.name, time.Since(begin).Seconds())
	return nil
}

// compare builds a group, measures it and prints it.
func (b *bench) compare(ctx context.Context, build func(context.Context) (group, error)) error {
	g, err := build(ctx)
	if err != nil {
		return err
	}
	return errors.Join(b.measure(ctx, g), g.close())
}

func (b *bench) measure(ctx context.Context, g group) error {
	r, err := g.measure(ctx, b.rounds, b.slice)
	if err != nil {
		return fmt.Errorf("%s: %w", g.title, err)
	}
	t := r.table()
	if g.after != nil {
		note, err := g.after()
		if err != nil {
			return fmt.Errorf("%s: %w", g.title, err)
		}
		t.note += " " + note
	}
	b.tell(t, &r)
	for _, a := range g.aims {
		b.verdicts = append(b.verdicts, r.verdict(a))
	}
	return nil
}

// chapter begins what belongs together in the report.
func (b *bench) chapter(title string) {
	fmt.Fprintf(b.out, "%s\n%s\n\n", title, strings.Repeat("=", len(title)))
	b.chapters = append(b.chapters, chapter{title: title})
}

// tell prints a table, and keeps it for the report, with what there is to plot of it.
func (b *bench) tell(t table, plotted *results) {
	t.print(b.out)
	last := &b.chapters[len(b.chapters)-1]
	last.sections = append(last.sections, section{t, plotted})
}
