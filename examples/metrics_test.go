package examples_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

var (
	sample = regexp.MustCompile(`^(apitoken_\w+)(?:\{(.*)\})? (\S+)$`)
	label  = regexp.MustCompile(`^(\w+)="([^"\\]*)"$`)
)

// scrape reads the samples of the library by name and labels, such as "apitoken_operations_total token.generate done ".
func (s *server) scrape(t *testing.T) map[string]float64 {
	t.Helper()
	samples := map[string]float64{}
	for line := range strings.Lines(string(s.expect(t, 200, "", "GET", "/metrics", ""))) {
		m := sample.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			continue
		}
		key := m[1]
		for _, pair := range strings.Split(m[2], ",") {
			if value := label.FindStringSubmatch(pair); value != nil {
				key += " " + value[2]
			}
		}
		n, err := strconv.ParseFloat(m[3], 64)
		must(t, err)
		samples[key] = n
	}
	return samples
}

// strangeToken returns a well-formed token of another installation.
func strangeToken(t *testing.T) string {
	t.Helper()
	m, err := apitoken.New(memstore.New(), nil)
	must(t, err)
	_, err = m.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: "x"})
	must(t, err)
	_, secret, err := m.Generate(t.Context(), apitoken.System(), apitoken.GenerateParams{Owner: "x", Name: "x"})
	must(t, err)
	return secret.Reveal()
}

func TestMetricsCountExactly(t *testing.T) {
	s := listen(t, build(t, "metrics"))
	ada, bob := bearer(s.logins["ADA"]), bearer(s.logins["BOB"])
	const hello, tokens, bobs = "/api/hello", "/admin/api/tokens/", "/admin/api/users/bob/tokens"

	for range 3 {
		s.expect(t, 200, bob, "GET", hello, "")
	}
	s.expect(t, 401, "", "GET", hello, "") // no token, so nothing to authenticate
	s.expect(t, 401, bearer("guess"), "GET", hello, "")
	s.expect(t, 401, bearer(strangeToken(t)), "GET", hello, "")
	var made struct {
		Token  struct{ ID string }
		Secret string
	}
	decode(t, s.expect(t, 201, ada, "POST", bobs, `{"name": "nightly build"}`), &made)
	s.expect(t, 200, ada, "PUT", "/admin/api/policy", `{"max_lifetime_seconds": 3600}`)
	s.expect(t, 422, ada, "POST", bobs, `{"name": "long", "lifetime_seconds": 3601}`)
	s.expect(t, 409, ada, "POST", bobs, `{"name": "nightly build"}`)
	s.expect(t, 403, bob, "PUT", "/admin/api/policy", `{"no_maximum": true}`)
	s.expect(t, 404, ada, "GET", tokens+"01890a5d-ac96-774b-bcce-b302099a8057", "")
	s.expect(t, 204, ada, "DELETE", tokens+made.Token.ID, "")
	s.expect(t, 401, bearer(made.Secret), "GET", hello, "")
	s.expect(t, 403, bob, "GET", "/admin/api/users/ada/tokens", "")

	want := map[string]float64{
		"user.put done ":                               2,
		"token.generate done ":                         3,
		"token.generate refused lifetime_over_maximum": 1,
		"token.generate refused exists":                1,
		"token.authenticate done ":                     3 + 8,
		"token.authenticate refused malformed":         1,
		"token.authenticate refused unknown":           1,
		"token.authenticate refused revoked":           1,
		"policy.set done ":                             1,
		"policy.set denied denied":                     1,
		"token.read refused not_found":                 1,
		"token.revoke done ":                           1,
		"token.list denied denied":                     1,
	}
	samples, got := s.scrape(t), map[string]float64{}
	for key, n := range samples {
		if operation, ok := strings.CutPrefix(key, "apitoken_operations_total "); ok {
			got[operation] = n
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if n := samples["apitoken_authentication_duration_seconds_count"]; n != 14 {
		t.Errorf("the durations of %v authentications, want 14", n)
	}
	if sum := samples["apitoken_authentication_duration_seconds_sum"]; sum <= 0 || sum > 14 {
		t.Errorf("14 authentications took %v s", sum)
	}
	if n, ok := samples["apitoken_uses_dropped_total"]; !ok || n != 0 {
		t.Errorf("%v uses were dropped, %t", n, ok)
	}
	s.stop(t, os.Interrupt)
}

// Requests with new names, users and tokens add no time series, and no label names a user or a token.
func TestMetricsHaveFewLabels(t *testing.T) {
	s := listen(t, build(t, "metrics"))
	ada := bearer(s.logins["ADA"])
	storm := func(from int) {
		for i := from; i < from+50; i++ {
			user := fmt.Sprintf("/admin/api/users/user-%d/tokens", i)
			s.expect(t, 401, bearer(fmt.Sprint("guess", i)), "GET", "/api/hello", "")
			s.expect(t, 401, bearer(strangeToken(t)), "GET", "/api/hello", "")
			s.expect(t, 404, ada, "POST", user, fmt.Sprintf(`{"name": "name-%d"}`, i))
			s.expect(t, 200, ada, "GET", user, "")
			s.expect(t, 201, ada, "POST", "/admin/api/users/bob/tokens", fmt.Sprintf(`{"name": "name-%d"}`, i))
			s.expect(t, 404, ada, "DELETE", fmt.Sprintf("/admin/api/tokens/01890a5d-ac96-774b-bcce-%012d", i), "")
			s.expect(t, 403, bearer(s.logins["BOB"]), "DELETE", user, "")
		}
	}
	storm(0)
	before := s.scrape(t)
	storm(1000)
	after := s.scrape(t)

	sorted := func(samples map[string]float64) (keys []string) {
		for key := range samples {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		return keys
	}
	if diff := cmp.Diff(sorted(before), sorted(after)); diff != "" {
		t.Errorf("time series (-before +after):\n%s", diff)
	}
	plain := regexp.MustCompile(`^apitoken_operations_total (token|user|policy|event)\.[a-z_]+ (done|denied|refused|failed) [a-z_]*$`)
	buckets := regexp.MustCompile(`^apitoken_(authentication_duration_seconds_(bucket [0-9.e-]+|bucket \+Inf|sum|count)|uses_dropped_total)$`)
	for key := range after {
		if !plain.MatchString(key) && !buckets.MatchString(key) {
			t.Errorf("a time series %q", key)
		}
	}
	body := string(s.expect(t, 200, "", "GET", "/metrics", ""))
	for _, leak := range []string{s.logins["ADA"], s.logins["BOB"], "tok_", "ada", "bob", "user-", "name-", "guess", "01890a5d", "-7"} {
		if strings.Contains(body, leak) {
			t.Errorf("/metrics shows %q", leak)
		}
	}
	t.Logf("%d time series", len(after))
	s.stop(t, os.Interrupt)
}
