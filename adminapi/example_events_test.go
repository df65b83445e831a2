package adminapi_test

import (
	"encoding/json"
	"fmt"
)

// A reader keeps next and asks again after it. It misses no event and sees none twice, even after a pause.
func Example_followEvents() {
	c, end := newAdminClient()
	defer end()

	var next int64 // kept where it survives a restart
	follow := func() {
		for more := true; more; {
			_, body := c.send("GET", fmt.Sprintf("/events?limit=2&after=%d", next), "")
			var page struct {
				Events []struct {
					Seq                    int64
					Action, Outcome, Owner string
					Actor                  struct{ Kind string }
				}
				Next int64
				More bool
			}
			if err := json.Unmarshal([]byte(body), &page); err != nil {
				panic(err)
			}
			for _, e := range page.Events {
				fmt.Printf("%d %s of %q by a %s: %s\n", e.Seq, e.Action, e.Owner, e.Actor.Kind, e.Outcome)
			}
			next, more = page.Next, page.More
		}
	}
	follow()
	fmt.Println("--")
	c.send("PUT", "/policy", `{"max_lifetime_seconds": 2592000}`)
	c.send("POST", "/users/bob/tokens", `{"name": "nightly build"}`)
	follow()
	fmt.Println("--")
	follow() // nothing new

	// Output:
	// 1 user.put of "ada" by a system: done
	// 2 user.put of "bob" by a system: done
	// 3 token.generate of "ada" by a person: done
	// --
	// 4 policy.set of "" by a token: done
	// 5 token.generate of "bob" by a token: done
	// --
}
