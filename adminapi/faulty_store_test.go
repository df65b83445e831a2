package adminapi_test

import (
	"context"

	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// faultyStore is a store in memory with faults that a test sets.
type faultyStore struct {
	storetest.Faulty
	faults
}

// faults are errors that some methods return instead of making the call.
type faults struct {
	lookup, down, appending, writing error
	done                             bool               // the write happens, and its result is writing
	beforeRevoke                     func(*faultyStore) // what happens between the lookup and the revocation
	once                             bool               // the faults disappear with the first call that meets one
}

func newFaultyStore() *faultyStore {
	s := &faultyStore{}
	s.Faulty = storetest.Faulty{Store: memstore.New(), Before: s.before, After: s.after}
	return s
}

func (s *faultyStore) before(_ context.Context, method string) error {
	switch method {
	case "Lookup":
		return s.met(s.lookup)
	case "User", "Policy":
		return s.met(s.down)
	case "Facts":
		if do := s.beforeRevoke; do != nil {
			s.beforeRevoke = nil
			do(s)
		}
		return s.met(s.down)
	case "AppendEvents":
		return s.met(s.appending)
	case "CreateToken", "PutPolicy", "CreateUser", "ChangeUser", "RevokeToken", "RevokeTokens", "ChangeToken", "NarrowToken", "RotateToken",
		"CreateOffer", "ClaimOffer", "DeleteOffer":
		if !s.done {
			return s.met(s.writing)
		}
	}
	return nil
}

func (s *faultyStore) after(_ context.Context, method string) error {
	switch method {
	case "CreateToken", "PutPolicy", "CreateUser", "ChangeUser", "RevokeToken", "RevokeTokens", "ChangeToken", "NarrowToken", "RotateToken",
		"CreateOffer", "ClaimOffer", "DeleteOffer":
		if s.done {
			return s.met(s.writing)
		}
	}
	return nil
}

// met returns the fault, and ends all of them if they happen once.
func (s *faultyStore) met(fault error) error {
	if fault != nil && s.once {
		s.faults = faults{}
	}
	return fault
}
