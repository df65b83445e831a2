package integration_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// denialsAtOnce is the number of denials of one actor in a minute that a Manager records immediately. It gathers further ones.
const denialsAtOnce = 10

// referenceDenials models the denials of one Manager. All unknown actors count as one, and so do all tokens of a user.
type referenceDenials struct {
	minute   time.Time
	counts   map[apitoken.Actor]int
	gathered []apitoken.Event // one event for each actor and action
	of       []gathering      // the actors and actions of gathered
	since    time.Time        // the real time of the first one
}

type gathering struct {
	by     apitoken.Actor
	action apitoken.Action
}

// gather takes a denial unless it is to be recorded immediately.
func (d *referenceDenials) gather(e apitoken.Event, known bool) bool {
	by := apitoken.Actor{}
	if known {
		by = apitoken.Actor{Kind: e.Actor.Kind, User: e.Actor.User}
	}
	if minute := e.At.Truncate(time.Minute); d.counts == nil || !minute.Equal(d.minute) {
		d.minute, d.counts = minute, map[apitoken.Actor]int{}
	}
	if d.counts[by]++; d.counts[by] <= denialsAtOnce {
		return false
	}
	of := gathering{by, e.Action}
	at := slices.Index(d.of, of)
	if at < 0 {
		if len(d.of) == 0 {
			d.since = time.Now()
		}
		e.Count, e.FirstAt = 1, e.At
		d.gathered, d.of = append(d.gathered, e), append(d.of, of)
		return true
	}
	sum := &d.gathered[at]
	sum.Count++
	sum.At = e.At // the clock of a sequence does not go back
	sum.Actor.Kind, sum.Actor.User = alike(sum.Actor.Kind, e.Actor.Kind), alike(sum.Actor.User, e.Actor.User)
	sum.Actor.Token, sum.Owner, sum.Token = alike(sum.Actor.Token, e.Actor.Token), alike(sum.Owner, e.Owner), alike(sum.Token, e.Token)
	return true
}

// alike returns the common value of a and b, or zero.
func alike[T comparable](a, b T) (common T) {
	if a == b {
		common = a
	}
	return common
}

// flushDenials makes the Managers write their gathered denials, in any order, and compares them with the reference.
func (s *sequence) flushDenials() (difference string) {
	for i, m := range s.managers {
		d := &s.ref.denials[i]
		if err := m.Flush(s.ctx); err != nil {
			return fmt.Sprintf("flush: %v", err)
		}
		q := apitoken.EventQuery{After: apitoken.EventSeq(s.ref.removed + len(s.ref.events))}
		got, err := collectRows(m.Events(s.ctx, apitoken.System(), q))
		if err != nil {
			return fmt.Sprintf("events after a flush: %v", err)
		}
		for _, e := range withoutID(got) {
			e.Seq = 0
			at := slices.Index(d.gathered, e)
			if at < 0 {
				return fmt.Sprintf("a flush writes %+v, want one of %+v", e, d.gathered)
			}
			d.gathered, d.of = slices.Delete(d.gathered, at, at+1), slices.Delete(d.of, at, at+1)
			s.ref.append(e)
		}
		if len(d.gathered) > 0 {
			return fmt.Sprintf("a flush does not write %+v", d.gathered)
		}
	}
	return ""
}

// gatheredLong reports whether the Managers may soon write their gathered denials by themselves, which they do every ten seconds.
func (s *sequence) gatheredLong() bool {
	return slices.ContainsFunc(s.ref.denials[:], func(d referenceDenials) bool {
		return len(d.of) > 0 && time.Since(d.since) > 3*time.Second
	})
}
