// Command bench measures apitoken side by side with the least that the same work can cost. All cases of a group run
// interleaved in random order in short slices over many rounds, so that a machine that is busy with something else
// slows all of them down alike: read the ratios, not the nanoseconds.
//
//	go run ./bench
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 200, "rounds; each case runs one slice a round")
	slice := flag.Duration("slice", 2*time.Millisecond, "length of a slice")
	flag.Parse()
	if err := run(context.Background(), *rounds, *slice); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, slice time.Duration) error {
	for _, build := range []func(context.Context) (group, error){inMemory, onSQLite} {
		g, err := build(ctx)
		if err != nil {
			return err
		}
		g.measure(rounds, slice).print(os.Stdout)
		if err := g.close(); err != nil {
			return err
		}
	}
	return nil
}
