package apitoken_test

import (
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// observedMethod is a method that decides, with what its observations contain.
type observedMethod struct {
	method string
	action apitoken.Action
	owner  apitoken.UserID
	token  func(h *observedHost) apitoken.TokenID // nil: none
	do     func(h *observedHost, a apitoken.Actor) error
	wrong  refusals
}

// refusals are calls that are refused, by Reason.
type refusals map[string]func(h *observedHost) error

func observedMethods() []observedMethod {
	bobs := func(h *observedHost) apitoken.TokenID { return h.token.ID }
	operation := func(name string) func(*observedHost, apitoken.Actor) error {
		return func(h *observedHost, a apitoken.Actor) error { return operations(h.host, h.token)[name](a) }
	}
	generate := func(h *observedHost, p apitoken.GenerateParams) error {
		return third(h.Generate(ctx, apitoken.As(ada), p))
	}
	authenticate := func(h *observedHost, text string) error { return second(h.Authenticate(ctx, text)) }
	policy := func(h *observedHost, p apitoken.MaxLifetimePolicy) error {
		return second(h.SetPolicy(ctx, apitoken.As(ada), p))
	}
	rename := func(h *observedHost, id apitoken.TokenID, name string) error {
		return second(h.UpdateToken(ctx, apitoken.As(ada), id, apitoken.TokenChange{Name: &name}))
	}
	narrow := func(h *observedHost, id apitoken.TokenID, n apitoken.Narrowing) error {
		return second(h.Narrow(ctx, apitoken.As(ada), id, n))
	}
	// inserted returns the token that the call inserted, if it did.
	inserted := func(h *observedHost) apitoken.TokenID {
		if all := h.tokens(); len(all) == 2 {
			return all[1].ID
		}
		return apitoken.TokenID{}
	}
	rotated := func(h *observedHost) apitoken.TokenID { return h.tokens()[len(h.tokens())-1].ID }
	missing := apitoken.TokenID{1}
	offered := func(h *observedHost) apitoken.TokenID { return h.pending.ID }
	return []observedMethod{
		{"Authenticate", apitoken.ActionAuthenticate, bob, bobs,
			func(h *observedHost, _ apitoken.Actor) error { return authenticate(h, h.text) },
			refusals{
				"malformed": func(h *observedHost) error { return authenticate(h, h.text+"x") },
				"unknown":   func(h *observedHost) error { return authenticate(h, withChecksum("tok_"+strings.Repeat("0", 43))) },
				"expired": func(h *observedHost) error {
					h.clock.Add(apitoken.Days(90))
					return authenticate(h, h.text)
				},
				"revoked": func(h *observedHost) error {
					h.must(h.RevokeAll(ctx, apitoken.System(), bob))
					h.observer.take()
					return authenticate(h, h.text)
				},
				"suspended": func(h *observedHost) error {
					h.must(h.SuspendUser(ctx, apitoken.System(), bob))
					h.observer.take()
					return authenticate(h, h.text)
				},
				"user_disabled": func(h *observedHost) error {
					h.must(h.DisableUser(ctx, apitoken.System(), bob))
					h.observer.take()
					return authenticate(h, h.text)
				},
			}},
		{"Generate", apitoken.ActionGenerate, bob, inserted, operation("Generate"),
			refusals{
				"invalid":       func(h *observedHost) error { return generate(h, apitoken.GenerateParams{Owner: "b\x00b"}) },
				"not_found":     func(h *observedHost) error { return generate(h, apitoken.GenerateParams{Owner: "erin", Name: "x"}) },
				"user_disabled": func(h *observedHost) error { return generate(h, apitoken.GenerateParams{Owner: dan, Name: "x"}) },
				"exists":        func(h *observedHost) error { return generate(h, apitoken.GenerateParams{Owner: bob, Name: "ci"}) },
				"lifetime_over_maximum": func(h *observedHost) error {
					h.mustSetMax(time.Hour)
					h.observer.take()
					return generate(h, apitoken.GenerateParams{Owner: bob, Name: "x", Lifetime: 2 * time.Hour})
				},
			}},
		{"Offer", apitoken.ActionOffer, bob, func(h *observedHost) apitoken.TokenID {
			all, err := h.store.Offers(ctx, apitoken.OfferQuery{Limit: 2})
			h.must(err)
			return all[len(all)-1].ID
		}, operation("Offer"), refusals{
			"invalid":       func(h *observedHost) error { return second(h.Offer(ctx, apitoken.As(ada), toBob(""))) },
			"user_disabled": func(h *observedHost) error { return offerTo(h, dan) },
			"not_found":     func(h *observedHost) error { return offerTo(h, "erin") },
		}},
		{"Offers", apitoken.ActionListOffers, bob, nil, operation("Offers"), refusals{
			"invalid": func(h *observedHost) error { return second(h.Offers(ctx, apitoken.As(ada), "")) },
		}},
		{"Withdraw", apitoken.ActionWithdraw, bob, offered, func(h *observedHost, a apitoken.Actor) error { return h.Withdraw(ctx, a, h.pending.ID) }, refusals{
			"not_found": func(h *observedHost) error { return h.Withdraw(ctx, apitoken.As(ada), missing) },
			"conflict": func(h *observedHost) error {
				h.mustClaim(apitoken.As(bob), h.pending.ID)
				h.observer.take()
				return h.Withdraw(ctx, apitoken.As(ada), h.pending.ID)
			},
		}},
		{"Claim", apitoken.ActionClaim, bob, offered, func(h *observedHost, a apitoken.Actor) error { return h.claim(a, h.pending.ID) }, refusals{
			"exists": func(h *observedHost) error {
				h.mustGenerateOwn(bob, "offered")
				h.observer.take()
				return h.claim(apitoken.As(bob), h.pending.ID)
			},
			"revoked": func(h *observedHost) error {
				h.must(h.RevokeAll(ctx, apitoken.System(), bob))
				h.observer.take()
				return h.claim(apitoken.As(bob), h.pending.ID)
			},
			"repeated": func(h *observedHost) error {
				_, text := h.mustClaim(apitoken.As(bob), h.pending.ID)
				h.mustAuthenticate(text)
				h.observer.take()
				return h.claim(apitoken.As(bob), h.pending.ID)
			},
		}},
		{"Import", apitoken.ActionImport, bob, inserted, func(h *observedHost, a apitoken.Actor) error { return second(h.Import(ctx, a, importOf("old-1"))) }, refusals{
			"invalid":       func(h *observedHost) error { return importAs(h, dan, "") },
			"not_found":     func(h *observedHost) error { return importAs(h, "erin", "old-1") },
			"user_disabled": func(h *observedHost) error { return importAs(h, dan, "old-1") },
			"exists":        func(h *observedHost) error { return importAs(h, bob, "ci") },
		}},
		{"Narrow", apitoken.ActionNarrow, bob, bobs, operation("Narrow"), refusals{
			"invalid":   func(h *observedHost) error { return narrow(h, h.token.ID, apitoken.Narrowing{}) },
			"not_found": func(h *observedHost) error { return narrow(h, missing, apitoken.Narrowing{Keep: apitoken.ListAny}) },
			"expired": func(h *observedHost) error {
				h.clock.Add(apitoken.Days(90))
				return narrow(h, h.token.ID, apitoken.Narrowing{Keep: apitoken.ListAny})
			},
			"revoked": func(h *observedHost) error {
				h.must(h.RevokeAll(ctx, apitoken.System(), bob))
				h.observer.take()
				return narrow(h, h.token.ID, apitoken.Narrowing{Keep: apitoken.ListAny})
			},
		}},
		{"UpdateToken", apitoken.ActionUpdateToken, bob, bobs, operation("UpdateToken"), refusals{
			"invalid":   func(h *observedHost) error { return rename(h, h.token.ID, "") },
			"not_found": func(h *observedHost) error { return rename(h, missing, "x") },
			"exists": func(h *observedHost) error {
				h.mustGenerateOwn(bob, "other")
				h.observer.take()
				return rename(h, h.token.ID, "other")
			},
			"expired": func(h *observedHost) error {
				h.clock.Add(apitoken.Days(90))
				return rename(h, h.token.ID, "x")
			},
			"revoked": func(h *observedHost) error {
				h.must(h.RevokeAll(ctx, apitoken.System(), bob))
				h.observer.take()
				return rename(h, h.token.ID, "x")
			},
		}},
		{"Rotate", apitoken.ActionRotate, bob, rotated, func(h *observedHost, a apitoken.Actor) error {
			return third(h.Rotate(ctx, a, h.token.ID, apitoken.RotateParams{}))
		}, refusals{
			"not_found": func(h *observedHost) error {
				return third(h.Rotate(ctx, apitoken.As(ada), missing, apitoken.RotateParams{}))
			},
			"invalid": func(h *observedHost) error {
				return third(h.Rotate(ctx, apitoken.As(ada), h.token.ID, apitoken.RotateParams{Overlap: -1}))
			},
			"revoked": func(h *observedHost) error {
				h.must(h.RevokeAll(ctx, apitoken.System(), bob))
				h.observer.take()
				return third(h.Rotate(ctx, apitoken.As(ada), h.token.ID, apitoken.RotateParams{}))
			},
		}},
		{"Revoke", apitoken.ActionRevoke, bob, bobs, operation("Revoke"),
			refusals{"not_found": func(h *observedHost) error { return h.Revoke(ctx, apitoken.As(ada), missing) }}},
		{"RevokeText", apitoken.ActionLeaked, bob, bobs, func(h *observedHost, a apitoken.Actor) error {
			return second(h.RevokeText(ctx, a, h.text, leaked))
		}, refusals{"not_found": func(h *observedHost) error { return second(h.RevokeText(ctx, apitoken.As(ada), "x", leaked)) }}},
		{"RevokeAll", apitoken.ActionRevokeAll, bob, nil, operation("RevokeAll"), refusals{
			"not_found": func(h *observedHost) error { return h.RevokeAll(ctx, apitoken.As(ada), "erin") },
			"invalid":   func(h *observedHost) error { return h.RevokeAll(ctx, apitoken.As(ada), "") },
		}},
		{"RevokeMany", apitoken.ActionRevokeMany, bob, nil, func(h *observedHost, a apitoken.Actor) error {
			return second(h.RevokeMany(ctx, a, apitoken.TokenQuery{Owner: bob}, apitoken.RevokeManyParams{AtMost: 10}))
		}, refusals{"invalid": func(h *observedHost) error {
			return second(h.RevokeMany(ctx, apitoken.As(ada), apitoken.TokenQuery{Owner: bob}, apitoken.RevokeManyParams{}))
		}, "conflict": func(h *observedHost) error {
			h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "another", Lifetime: time.Hour})
			h.observer.take()
			return second(h.RevokeMany(ctx, apitoken.As(ada), apitoken.TokenQuery{Owner: bob}, apitoken.RevokeManyParams{AtMost: 1}))
		}}},
		{"Token", apitoken.ActionReadToken, bob, bobs, operation("Token"),
			refusals{"not_found": func(h *observedHost) error { return second(h.Token(ctx, apitoken.As(ada), missing)) }}},
		{"TokenOfText", apitoken.ActionReadToken, bob, bobs, func(h *observedHost, a apitoken.Actor) error {
			return second(h.TokenOfText(ctx, a, h.text))
		}, refusals{"not_found": func(h *observedHost) error { return second(h.TokenOfText(ctx, apitoken.As(ada), "x")) }}},
		{"ListTokens", apitoken.ActionListTokens, bob, nil, operation("ListTokens"),
			refusals{"invalid": func(h *observedHost) error { return second(h.ListTokens(ctx, apitoken.As(ada), apitoken.TokenQuery{})) }}},
		{"TokenPage", apitoken.ActionListTokens, bob, nil, operation("TokenPage"),
			refusals{"invalid": func(h *observedHost) error { return second(h.TokenPage(ctx, apitoken.As(ada), apitoken.TokenQuery{})) }}},
		{"CountTokens", apitoken.ActionListTokens, bob, nil, operation("CountTokens"),
			refusals{"invalid": func(h *observedHost) error {
				return second(h.CountTokens(ctx, apitoken.As(ada), apitoken.TokenQuery{}))
			}}},
		{"TallyTokens", apitoken.ActionListTokens, bob, nil, func(h *observedHost, a apitoken.Actor) error {
			return second(h.TallyTokens(ctx, a, apitoken.TokenQuery{Owner: bob}, 10))
		}, refusals{"invalid": func(h *observedHost) error {
			return second(h.TallyTokens(ctx, apitoken.As(ada), apitoken.TokenQuery{Owner: bob}, 0))
		}}},
		{"Tokens", apitoken.ActionListTokens, "", nil, func(h *observedHost, a apitoken.Actor) error {
			return firstError(h.Tokens(ctx, a, apitoken.TokenQuery{AnyOwner: true}))
		}, refusals{"invalid": func(h *observedHost) error { return firstError(h.Tokens(ctx, apitoken.As(ada), apitoken.TokenQuery{})) }}},
		{"SetPolicy", apitoken.ActionSetPolicy, "", nil, operation("SetPolicy"), refusals{
			"invalid":  func(h *observedHost) error { return policy(h, apitoken.MaxLifetimePolicy{}) },
			"conflict": func(h *observedHost) error { return policy(h, apitoken.MaxLifetimePolicy{Max: time.Hour, Revision: 7}) },
		}},
		{"PlanPolicy", apitoken.ActionPlanPolicy, "", nil, func(h *observedHost, a apitoken.Actor) error {
			return second(h.PlanPolicy(ctx, a, apitoken.MaxLifetimePolicy{Max: time.Hour}))
		}, refusals{
			"invalid": func(h *observedHost) error {
				return second(h.PlanPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{}))
			},
			"conflict": func(h *observedHost) error {
				return second(h.PlanPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: time.Hour, Revision: 7}))
			},
		}},
		{"MaxLifetimes", apitoken.ActionReadLifetimes, bob, nil, operation("MaxLifetimes"), refusals{
			"invalid":   func(h *observedHost) error { return second(h.MaxLifetimes(ctx, apitoken.As(ada), "")) },
			"not_found": func(h *observedHost) error { return second(h.MaxLifetimes(ctx, apitoken.As(ada), "erin")) },
		}},
		{"PutUser", apitoken.ActionPutUser, bob, nil, operation("PutUser"), refusals{"invalid": func(h *observedHost) error {
			return second(h.PutUser(ctx, apitoken.As(ada), apitoken.User{ID: bob, Role: "king"}))
		}}},
		{"User", apitoken.ActionReadUser, bob, nil, operation("User"),
			refusals{"not_found": func(h *observedHost) error { return second(h.User(ctx, apitoken.As(ada), "erin")) }}},
		{"ListUsers", apitoken.ActionListUsers, "", nil, operation("ListUsers"), refusals{"invalid": func(h *observedHost) error {
			return second(h.ListUsers(ctx, apitoken.As(ada), apitoken.UserQuery{Limit: -1}))
		}}},
		{"Users", apitoken.ActionListUsers, "", nil, func(h *observedHost, a apitoken.Actor) error {
			return firstError(h.Users(ctx, a, apitoken.UserQuery{}))
		}, refusals{"invalid": func(h *observedHost) error {
			return firstError(h.Users(ctx, apitoken.As(ada), apitoken.UserQuery{Limit: -1}))
		}}},
		{"DisableUser", apitoken.ActionDisableUser, bob, nil, operation("DisableUser"),
			refusals{"not_found": func(h *observedHost) error { return h.DisableUser(ctx, apitoken.As(ada), "erin") }}},
		{"SuspendUser", apitoken.ActionSuspendUser, bob, nil, operation("SuspendUser"),
			refusals{"not_found": func(h *observedHost) error { return h.SuspendUser(ctx, apitoken.As(ada), "erin") }}},
		{"ResumeUser", apitoken.ActionResumeUser, bob, nil, operation("ResumeUser"),
			refusals{"not_found": func(h *observedHost) error { return h.ResumeUser(ctx, apitoken.As(ada), "erin") }}},
		{"EnableUser", apitoken.ActionEnableUser, bob, nil, operation("EnableUser"), refusals{"invalid": func(h *observedHost) error {
			return h.EnableUser(ctx, apitoken.As(ada), apitoken.UserID(strings.Repeat("x", 1000)))
		}}},
		{"Events", apitoken.ActionReadEvents, "", nil, operation("Events"), refusals{"invalid": func(h *observedHost) error {
			return firstError(h.Events(ctx, apitoken.As(ada), apitoken.EventQuery{Owner: "\xff"}))
		}}},
		{"Sweep", apitoken.ActionSweep, "", nil, func(h *observedHost, a apitoken.Actor) error {
			return second(h.Sweep(ctx, a, apitoken.SweepParams{Events: apitoken.Days(1)}))
		}, refusals{"invalid": func(h *observedHost) error {
			return second(h.Sweep(ctx, apitoken.System(), apitoken.SweepParams{Events: time.Hour}))
		}}},
		{"LeaseNotices", apitoken.ActionLeaseNotices, "", nil, func(h *observedHost, a apitoken.Actor) error {
			return second(h.LeaseNotices(ctx, a, apitoken.NoticeQuery{Steps: noticeSteps}))
		}, refusals{"invalid": func(h *observedHost) error {
			return second(h.LeaseNotices(ctx, apitoken.System(), apitoken.NoticeQuery{}))
		}}},
		{"NoticeSent", apitoken.ActionNoticeSent, "", bobs, func(h *observedHost, a apitoken.Actor) error {
			return h.NoticeSent(ctx, a, apitoken.Notice{Token: h.token, Step: time.Hour})
		}, refusals{"invalid": func(h *observedHost) error {
			return h.NoticeSent(ctx, apitoken.System(), apitoken.Notice{Token: h.token})
		}}},
		{"ForgetUser", apitoken.ActionForgetUser, bob, nil, func(h *observedHost, a apitoken.Actor) error { return h.ForgetUser(ctx, a, bob) }, refusals{
			"invalid":   func(h *observedHost) error { return h.ForgetUser(ctx, apitoken.System(), "") },
			"not_found": func(h *observedHost) error { return h.ForgetUser(ctx, apitoken.System(), "erin") },
		}},
	}
}

// importAs imports the key of old-1 as a token of the owner with a name.
func importAs(h *observedHost, owner apitoken.UserID, name string) error {
	p := importOf("old-1")
	p.Owner, p.Name = owner, name
	return second(h.Import(ctx, apitoken.System(), p))
}

func offerTo(h *observedHost, owner apitoken.UserID) error {
	p := toBob("x")
	p.Owner = owner
	return second(h.Offer(ctx, apitoken.As(ada), p))
}

// permitted returns actors who may call the method.
func (m observedMethod) permitted() []apitoken.Actor {
	switch m.method {
	case "Claim":
		return []apitoken.Actor{apitoken.As(bob)}
	case "Import", "Sweep", "ForgetUser", "LeaseNotices", "NoticeSent":
		return []apitoken.Actor{apitoken.System()}
	}
	return []apitoken.Actor{apitoken.As(ada), apitoken.System()}
}
