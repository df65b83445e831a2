package main

import (
	"strconv"
	"testing"
	"time"
)

func TestTriesBeginAnewWhateverWasTriedMeanwhile(t *testing.T) {
	tried, now := newTries(), time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)
	for range mostTries {
		if !tried.take("admin", now) {
			t.Fatal("a try within the limit is refused")
		}
		now = now.Add(time.Second)
	}
	begun := now.Add(-mostTries * time.Second)
	for ; now.Sub(begun) < triesRest; now = now.Add(time.Second) {
		if tried.take("admin", now) || !tried.full("admin", now) {
			t.Fatalf("a try over the limit is let through %s after the first", now.Sub(begun))
		}
		if tried.full("bob", now) {
			t.Fatal("another name is full")
		}
	}
	if tried.full("admin", now) || !tried.take("admin", now) {
		t.Errorf("no try is let through %s after the first of those that were counted", now.Sub(begun))
	}
}

func TestTriesWithTheRightPasswordDoNotCount(t *testing.T) {
	tried, now := newTries(), time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)
	for i := range 3 * mostTries {
		if !tried.take("admin", now) {
			t.Fatalf("sign-in %d is refused", i)
		}
		tried.giveBack("admin")
	}
	if len(tried.counts) != 0 {
		t.Errorf("%d names are kept after nothing was wrong", len(tried.counts))
	}
}

func TestTriesUnderManyNamesAreKeptInLittleMemory(t *testing.T) {
	tried, now := newTries(), time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)
	tried.take("admin", now)
	for i := range namesTried * 2 {
		tried.take(strconv.Itoa(i), now)
	}
	if n := len(tried.counts); n > namesTried+1 {
		t.Errorf("%d names are kept, at most %d are wanted", n, namesTried+1)
	}
	if tried.full("admin", now) {
		t.Error("a name that was counted by itself is full because of the others")
	}
	if now = now.Add(triesRest); !tried.take("somebody else", now) || len(tried.counts) > 1 {
		t.Errorf("%d names are kept after their time", len(tried.counts))
	}
}
