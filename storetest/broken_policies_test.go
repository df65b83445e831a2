package storetest_test

import (
	"context"
	"slices"
	"sync"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenPolicies returns stores that lose or confuse the layers of the policy.
func brokenPolicies() []broken {
	const comeAndGo = "policy/limits and exemptions come and go"
	showing := func(edit func(p *apitoken.MaxLifetimePolicy)) func(apitoken.Store) apitoken.Store {
		return func(s apitoken.Store) apitoken.Store { return &shown{Store: s, policy: edit} }
	}
	return []broken{{
		"no limits", "does not store the limits",
		[]string{comeAndGo, "policy/the longest policy is read back"},
		showing(func(p *apitoken.MaxLifetimePolicy) { p.Limits = nil }),
	}, {
		"no exemptions", "does not store the exemptions",
		[]string{comeAndGo, "policy/the longest policy is read back"},
		showing(func(p *apitoken.MaxLifetimePolicy) { p.Exemptions = nil }),
	}, {
		"the strictest maximum", "returns the strictest maximum of all layers as that of the policy",
		[]string{"policy/a policy set by the host has no setter", comeAndGo},
		showing(func(p *apitoken.MaxLifetimePolicy) { p.Max = p.Strictest() }),
	}, {
		"limits in another order", "returns the limits backwards", []string{comeAndGo},
		showing(func(p *apitoken.MaxLifetimePolicy) {
			p.Limits = slices.Clone(p.Limits)
			slices.Reverse(p.Limits)
		}),
	}, {
		"short layers", "stores at most 50 limits", []string{"policy/the longest policy is read back"},
		showing(func(p *apitoken.MaxLifetimePolicy) { p.Limits = p.Limits[:min(len(p.Limits), 50)] }),
	}, {
		"layers of Policy only", "returns no limits from Facts", []string{comeAndGo},
		func(s apitoken.Store) apitoken.Store { return plainFacts{s} },
	}, {
		"layers stay", "keeps the exemptions if a policy without any follows", []string{comeAndGo},
		func(s apitoken.Store) apitoken.Store {
			return &keptLayers{Store: s, put: func(was, is apitoken.MaxLifetimePolicy) apitoken.MaxLifetimePolicy {
				if is.Exemptions == nil {
					is.Exemptions = was.Exemptions
				}
				return is
			}}
		},
	}, {
		"keeps the slices", "keeps the slices of the policy that it is given", []string{"kept values/a caller may reuse the layers of a policy"},
		func(s apitoken.Store) apitoken.Store {
			return &keptLayers{Store: s, put: func(_, is apitoken.MaxLifetimePolicy) apitoken.MaxLifetimePolicy { return is }}
		},
	}, {
		"forgets in place", "replaces a user in the slices that it has returned", []string{"kept values/a policy is never modified"},
		func(s apitoken.Store) apitoken.Store {
			return &keptLayers{Store: s, put: func(_, is apitoken.MaxLifetimePolicy) apitoken.MaxLifetimePolicy {
				is.Exemptions = slices.Clone(is.Exemptions)
				return is
			}, inPlace: true}
		},
	}, {
		"exemptions remember", "leaves a forgotten user in the exemptions",
		[]string{"forgetting/a pseudonym takes the place of the user everywhere", "forgetting/the user is forgotten in exemptions that others have set"},
		showing(func(p *apitoken.MaxLifetimePolicy) {
			p.Exemptions = slices.Clone(p.Exemptions)
			for i := range p.Exemptions {
				if p.Exemptions[i].User == "forgotten-1" {
					p.Exemptions[i].User = "ada"
				}
			}
		}),
	}}
}

// plainFacts is a store whose Facts have a policy without limits.
type plainFacts struct{ apitoken.Store }

func (s plainFacts) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	f, err := s.Store.Facts(ctx, q)
	f.Policy.Limits = nil
	return f, err
}

// keptLayers is a store that keeps the layers of the policy itself, as put makes them.
type keptLayers struct {
	apitoken.Store
	put     func(was, is apitoken.MaxLifetimePolicy) apitoken.MaxLifetimePolicy
	inPlace bool

	mu   sync.Mutex
	last apitoken.MaxLifetimePolicy
}

func (s *keptLayers) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.Store.PutPolicy(ctx, p, ifRevision, e)
	if err == nil && p.Revision > s.last.Revision {
		s.last = s.put(s.last, p)
	}
	return err
}

func (s *keptLayers) Forget(ctx context.Context, f apitoken.Forgetting, e apitoken.Event) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.Store.Forget(ctx, f, e)
	if err == nil && f.Rest {
		forgotten, _ := f.Policy(s.last)
		if s.inPlace {
			copy(s.last.Exemptions, forgotten.Exemptions)
		} else {
			s.last.Exemptions = forgotten.Exemptions
		}
	}
	return n, err
}

func (s *keptLayers) show(p apitoken.MaxLifetimePolicy) apitoken.MaxLifetimePolicy {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Revision == s.last.Revision {
		p.Limits, p.Exemptions = s.last.Limits, s.last.Exemptions
	}
	return p
}

func (s *keptLayers) Policy(ctx context.Context) (apitoken.MaxLifetimePolicy, error) {
	p, err := s.Store.Policy(ctx)
	return s.show(p), err
}

func (s *keptLayers) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	f, err := s.Store.Facts(ctx, q)
	f.Policy = s.show(f.Policy)
	return f, err
}
