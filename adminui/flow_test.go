package adminui_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// An administrator generates a token for a user, lowers the maximum and revokes the token.
func TestTheWorkOfAnAdministrator(t *testing.T) {
	h := newHost(t)
	page := h.form("ada", "/admin/users/bob/tokens", http.StatusCreated, url.Values{"name": {"nightly"}, "lifetime": {days30}})
	shown := secret.FindAllString(page, -1)
	if len(shown) != 1 {
		t.Fatalf("the secret is shown %d times", len(shown))
	}
	identity, err := h.Manager.Authenticate(ctx, shown[0])
	h.must(err)
	token := identity.Token
	if token.Owner != "bob" || token.CreatedBy != "ada" || !token.ExpiresAt.Equal(h.Clock.Now().AddDate(0, 0, 30)) {
		t.Errorf("the token is %v", token)
	}
	page = h.page("ada", "/admin/users/bob/tokens")
	h.saysNothingOf(page, shown[0])
	h.says(page, "nightly", "1 Jan 2026, 12:00 UTC by ada", "31 Jan 2026, 12:00 UTC", "active")

	h.says(h.form("ada", "/admin/policy", http.StatusOK, url.Values{"max": {"days"}, "days": {"20"}}),
		"Set the maximum to 20 days?", "1 active token has a longer lifetime. It stays as it is.")
	if p, _ := h.Manager.Policy(ctx); p.Max != apitoken.NoExpiration {
		t.Errorf("the maximum is %s before it was confirmed", p.Max)
	}
	h.form("ada", "/admin/policy", http.StatusSeeOther, url.Values{"max": {"days"}, "days": {"20"}, "revision": {"0"}, "confirmed": {"yes"}})
	h.says(h.page("ada", "/admin/policy"), "In force 20 days", "Set 1 Jan 2026, 12:00 UTC by ada")

	page = h.form("ada", "/admin/users/bob/tokens", http.StatusUnprocessableEntity, url.Values{"name": {"another"}, "lifetime": {"date"}, "date": {"2026-01-22"}})
	h.says(page, "The lifetime is over the maximum: at most 20 days is allowed.")
	for _, kept := range []string{`value="another"`, `value="2026-01-22"`, `<option value="date" selected>`, `max="2026-01-20"`} {
		if !strings.Contains(page, kept) {
			t.Errorf("the form does not keep %s", kept)
		}
	}
	if _, err := h.Manager.Authenticate(ctx, shown[0]); err != nil {
		t.Errorf("a lower maximum changed an existing token: %v", err)
	}

	h.says(h.page("ada", "/admin/tokens/"+token.ID.String()+"/revoke"), "Revoke the token “nightly” of bob?")
	if _, err := h.Manager.Authenticate(ctx, shown[0]); err != nil {
		t.Errorf("the question revoked the token: %v", err)
	}
	h.form("ada", "/admin/tokens/"+token.ID.String()+"/revoke", http.StatusSeeOther, nil)
	if _, err := h.Manager.Authenticate(ctx, shown[0]); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("after the revocation: %v, want ErrRevoked", err)
	}
	h.says(h.page("ada", "/admin/activity"), "ada revoked a token: nightly bob done", "ada set the maximum lifetime, maximum: no expiration → 20 days – done",
		"ada generated a token: nightly bob done", "the host changed a user: Bob, role: user bob done")
}

func TestTheFormTellsWhatIsWrong(t *testing.T) {
	tests := []struct {
		name   string
		form   url.Values
		status int
		want   string
	}{
		{"no name", url.Values{"lifetime": {days30}}, 422, "Refused: name: is empty."},
		{"a name too long", url.Values{"name": {strings.Repeat("x", 101)}, "lifetime": {days30}}, 422, "Refused: name: is 101 characters long, at most 100 are allowed."},
		{"a name with a control character", url.Values{"name": {"a\x00"}, "lifetime": {days30}}, 422, "contains the invisible character U+0000"},
		{"a name that is taken", url.Values{"name": {"taken"}, "lifetime": {days30}}, 409, "An active token already has this name."},
		{"no lifetime", url.Values{"name": {"new"}}, 422, "Choose when the token expires."},
		{"a negative lifetime", url.Values{"name": {"new"}, "lifetime": {"-1"}}, 422, "Choose when the token expires."},
		{"a lifetime that overflows", url.Values{"name": {"new"}, "lifetime": {"9223372036854775808"}}, 422, "Choose when the token expires."},
		{"over the maximum", url.Values{"name": {"new"}, "lifetime": {"9000000000000000"}}, 422, "at most 90 days is allowed"},
		{"no expiration", url.Values{"name": {"new"}, "lifetime": {"9223372036854775807"}}, 422, "at most 90 days is allowed"},
		{"no date", url.Values{"name": {"new"}, "lifetime": {"date"}}, 422, "Enter the last day of the token"},
		{"a date that does not exist", url.Values{"name": {"new"}, "lifetime": {"date"}, "date": {"2026-02-30"}}, 422, "Enter the last day of the token"},
		{"a day in the past", url.Values{"name": {"new"}, "lifetime": {"date"}, "date": {"2025-12-31"}}, 422, "Refused: expiry: is not in the future."},
		{"the day before the year 1", url.Values{"name": {"new"}, "lifetime": {"date"}, "date": {"0000-12-31"}}, 422, "Enter a last day of the token from 1970-01-01 on."},
		{"the day before 1970", url.Values{"name": {"new"}, "lifetime": {"date"}, "date": {"1969-12-31"}}, 422, "Enter a last day of the token from 1970-01-01 on."},
		{"the first day of 1970", url.Values{"name": {"new"}, "lifetime": {"date"}, "date": {"1970-01-01"}}, 422, "Refused: expiry: is not in the future."},
		{"a day in the year 2200", url.Values{"name": {"new"}, "lifetime": {"date"}, "date": {"2200-01-01"}}, 422, "the year 2200 is the limit"},
		{"a day beyond the maximum", url.Values{"name": {"new"}, "lifetime": {"date"}, "date": {"2026-04-02"}}, 422, "at most 90 days is allowed"},
	}
	h := newHost(t)
	h.setMax(apitoken.Days(90))
	h.form("bob", "/admin/users/bob/tokens", http.StatusCreated, url.Values{"name": {"taken"}, "lifetime": {days30}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := h.send("bob", http.MethodPost, "/admin/users/bob/tokens", tt.form)
			if w.Code != tt.status || !strings.Contains(text(w.Body.String()), tt.want) {
				t.Errorf("%d, want %d and %q:\n%s", w.Code, tt.status, tt.want, text(w.Body.String()))
			}
			if n, err := h.Manager.CountTokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true}); err != nil || n != 1 {
				t.Errorf("%d tokens, %v, want 1", n, err)
			}
		})
	}
}

func TestTheFormTellsHowManyTokensAreAllowed(t *testing.T) {
	h := mount(t, tokentest.NewWith(t, apitoken.Options{MaxActivePerOwner: 1}))
	h.form("bob", "/admin/users/bob/tokens", http.StatusCreated, url.Values{"name": {"first"}, "lifetime": {days30}})
	page := h.form("bob", "/admin/users/bob/tokens", http.StatusConflict, url.Values{"name": {"second"}, "lifetime": {days30}})
	h.says(page, "The user has as many active tokens as are allowed: 1. Revoke one of them first.")
}

func (h host) setMax(d time.Duration) {
	h.t.Helper()
	_, err := h.Manager.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: d})
	h.must(err)
}

// A token until the end of a day is valid to the end of that day in the zone of the user.
func TestADayEndsInTheZoneOfTheUser(t *testing.T) {
	zone := time.FixedZone("UTC+14", 14*60*60)
	h := newHost(t, func(o *adminui.Options) { o.Location = func(*http.Request) *time.Location { return zone } })
	page := h.form("bob", "/admin/users/bob/tokens", http.StatusCreated, url.Values{"name": {"ci"}, "lifetime": {"date"}, "date": {"2026-01-10"}})
	identity, err := h.Manager.Authenticate(ctx, secret.FindString(page))
	h.must(err)
	if want := time.Date(2026, 1, 11, 0, 0, 0, 0, zone); !identity.Token.ExpiresAt.Equal(want) {
		t.Errorf("the token expires at %s, want %s", identity.Token.ExpiresAt, want)
	}
	h.says(page, "2 Jan 2026, 02:00", "30 days, until 1 February 2026 90 days, until 2 April 2026")
	if !strings.Contains(page, `title="2026-01-01 12:00:00.000000 UTC"`) {
		t.Error("the exact time in UTC is missing")
	}
}

// afterLabel returns the page from the field with the id on.
func afterLabel(page, id string) string {
	_, after, _ := strings.Cut(page, `<select id="`+id+`"`)
	return after
}

func TestTheFormOffersWhatThePolicyPermits(t *testing.T) {
	option := regexp.MustCompile(`<option value="[^"]*"( selected)?[^>]*>([^<]*)</option>`)
	tests := []struct {
		max  time.Duration
		want []string
	}{
		{apitoken.NoExpiration, []string{"30 days, until 31 January 2026 UTC *", "90 days, until 1 April 2026 UTC", "1 year, until 1 January 2027 UTC", "No expiration", "Until the end of a day"}},
		{apitoken.Days(100), []string{"30 days, until 31 January 2026 UTC *", "90 days, until 1 April 2026 UTC", "100 days, until 11 April 2026 UTC", "Until the end of a day"}},
		{apitoken.Days(30), []string{"30 days, until 31 January 2026 UTC *", "Until the end of a day"}},
		{apitoken.Days(1), []string{"1 day, until 2 January 2026 UTC *", "Until the end of a day"}},
	}
	for _, tt := range tests {
		h := newHost(t)
		h.setMax(tt.max)
		var got []string
		for _, o := range option.FindAllStringSubmatch(afterLabel(h.page("bob", "/admin/users/bob/tokens"), "lifetime"), -1) {
			if o[1] != "" {
				o[2] += " *"
			}
			got = append(got, o[2])
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("maximum %s (-want +got):\n%s", tt.max, diff)
		}
	}
}

// The question counts the active tokens that exceed the new maximum.
func TestTheQuestionBeforeAMaximum(t *testing.T) {
	h := newHost(t)
	for i := range 3 {
		h.Generate(apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(i), Lifetime: apitoken.Days(40)})
	}
	h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "short", Lifetime: apitoken.Days(30)})
	revoked, _ := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "revoked", Lifetime: apitoken.Days(40)})
	h.must(h.Manager.Revoke(ctx, apitoken.System(), revoked.ID))
	for max, want := range map[string]string{
		"30":   "Set the maximum to 30 days? 3 active tokens have a longer lifetime. They stay as they are.",
		"90":   "Set the maximum to 90 days? No active token has a longer lifetime.",
		"none": "Set the maximum to no expiration? No active token has a longer lifetime.",
	} {
		h.says(h.form("ada", "/admin/policy", http.StatusOK, url.Values{"max": {max}}), want)
	}
}

func TestThePolicyFormTellsWhatIsWrong(t *testing.T) {
	for _, form := range []url.Values{
		{}, {"max": {"days"}}, {"max": {"days"}, "days": {"0"}}, {"max": {"days"}, "days": {"-1"}}, {"max": {"days"}, "days": {"36501"}},
		{"max": {"days"}, "days": {"1.5"}}, {"max": {"forever"}}, {"max": {"days"}, "days": {"99999999999999999999"}},
	} {
		h := newHost(t)
		h.says(h.form("ada", "/admin/policy", http.StatusUnprocessableEntity, form), "Enter a whole number of days, 1 to 36500.")
		form.Set("confirmed", "yes")
		form.Set("revision", "0")
		h.form("ada", "/admin/policy", http.StatusUnprocessableEntity, form)
	}
}

// Another administrator sets the maximum between the question and the confirmation.
func TestThePolicyChangesBeforeTheConfirmation(t *testing.T) {
	h := newHost(t)
	h.setMax(apitoken.Days(90))
	page := h.form("ada", "/admin/policy", http.StatusOK, url.Values{"max": {"none"}})
	if !strings.Contains(page, `name="revision" value="1"`) {
		t.Fatalf("the question does not carry the revision:\n%s", page)
	}
	h.setMax(apitoken.Days(7))
	page = h.form("ada", "/admin/policy", http.StatusConflict, url.Values{"max": {"none"}, "revision": {"1"}, "confirmed": {"yes"}})
	h.says(page, "Somebody else has set the maximum in the meantime.", "In force 7 days")
	if p, _ := h.Manager.Policy(ctx); p.Max != apitoken.Days(7) {
		t.Errorf("the maximum is %s", p.Max)
	}
}

func TestBulkRevocationAsksFirst(t *testing.T) {
	h := newHost(t)
	selected := url.Values{}
	var texts []string
	for i := range 5 {
		token, text := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprintf("t%d", i)})
		texts = append(texts, text)
		if i < 3 {
			selected.Add("id", token.ID.String())
		}
		if i == 0 {
			h.must(h.Manager.Revoke(ctx, apitoken.System(), token.ID))
		}
	}
	active := func() (n int) {
		for _, text := range texts {
			if _, err := h.Manager.Authenticate(ctx, text); err == nil {
				n++
			}
		}
		return n
	}
	h.says(h.form("ada", "/admin/tokens/revoke", http.StatusOK, selected), "Revoke 2 active tokens?", "t1", "t2")
	if n := active(); n != 4 {
		t.Fatalf("%d tokens are active after the question, want 4", n)
	}
	selected.Set("confirmed", "yes")
	h.says(h.form("ada", "/admin/tokens/revoke", http.StatusOK, selected), "2 active tokens revoked.")
	if n := active(); n != 2 {
		t.Fatalf("%d tokens are active, want 2", n)
	}
	h.says(h.form("ada", "/admin/tokens/revoke", http.StatusOK, selected), "there is nothing to revoke")
	h.form("ada", "/admin/tokens/revoke", http.StatusBadRequest, url.Values{"id": {"all"}})
	h.says(h.page("ada", "/admin/users/bob/revoke-all"), "Revoke 2 active tokens of bob?")
	h.form("ada", "/admin/users/bob/revoke-all", http.StatusSeeOther, nil)
	if n := active(); n != 0 {
		t.Fatalf("%d tokens are active after all were revoked", n)
	}
}

func TestFilters(t *testing.T) {
	h := newHost(t)
	h.setMax(apitoken.NoExpiration)
	generate := func(owner apitoken.UserID, name string, lifetime time.Duration) (apitoken.Token, string) {
		return h.Generate(apitoken.GenerateParams{Owner: owner, Name: name, Lifetime: lifetime})
	}
	generate("bob", "expired", time.Hour)
	_, used := generate("bob", "used", apitoken.Days(100))
	generate("bob", "unused", apitoken.Days(45))
	generate("carol", "endless", apitoken.NoExpiration)
	revoked, _ := generate("carol", "revoked", apitoken.Days(45))
	h.must(h.Manager.Revoke(ctx, apitoken.System(), revoked.ID))
	h.Clock.Add(apitoken.Days(40))
	if _, err := h.Manager.Authenticate(ctx, used); err != nil {
		t.Fatal(err)
	}
	h.must(h.Manager.Flush(ctx))
	generate("carol", "new", apitoken.Days(400))
	h.setMax(apitoken.Days(90))
	for query, want := range map[string][]string{
		"":                           {"new", "endless", "unused", "used"}, // live ones, the newest first
		"?status=all":                {"new", "revoked", "endless", "unused", "used", "expired"},
		"?status=all&order=oldest":   {"expired", "used", "unused", "endless", "revoked", "new"},
		"?status=all&order=expiry":   {"expired", "unused", "revoked", "used", "new"}, // without those that never expire
		"?owner=carol":               {"new", "endless"},
		"?owner=carol&status=all":    {"new", "revoked", "endless"},
		"?name=use":                  {"unused", "used"},
		"?status=active":             {"new", "endless", "unused", "used"},
		"?status=expired":            {"expired"},
		"?status=revoked":            {"revoked"},
		"?within=30":                 {"unused"},
		"?within=30&status=revoked":  {"revoked"},
		"?unused=30":                 {"endless", "unused"},
		"?unused=30&status=all":      {"revoked", "endless", "unused", "expired"},
		"?no-end=yes":                {"endless"},
		"?beyond=yes":                {"new", "endless", "used"},
		"?beyond=yes&owner=bob":      {"used"},
		"?within=3651&unused=3651":   {"new", "endless", "unused", "used"},
		"?within=x&unused=-1&owner=": {"new", "endless", "unused", "used"},
		"?owner=bob&status=expired":  {"expired"},
		"?owner=nobody":              nil,
		"?unused=30&status=active":   {"endless", "unused"},
	} {
		var got []string
		for _, m := range nameCell.FindAllStringSubmatch(h.page("ada", "/admin/tokens"+query), -1) {
			got = append(got, m[1])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	w := h.send("ada", http.MethodGet, "/admin/tokens?status=dead", nil)
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("an unknown status: %d", w.Code)
	}
	h.says(w.Body.String(), `Refused: status: "dead" is none of active, expired and revoked.`)
	h.setMax(apitoken.NoExpiration) // no token exceeds it
	if n := len(nameCell.FindAllString(h.page("ada", "/admin/tokens?beyond=yes"), -1)); n != 0 {
		t.Errorf("%d tokens are listed, want none: without a maximum no token is beyond it", n)
	}
}

var nameCell = regexp.MustCompile(`data-label="Name"><a href="[^"]*"><bdi>([^<]*)</bdi>`)

func TestATokenIsMarkedTwoWeeksBeforeItsExpiry(t *testing.T) {
	h := newHost(t)
	h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "later", Lifetime: apitoken.Days(14) + time.Microsecond})
	h.saysNothingOf(h.page("bob", "/admin/users/bob/tokens"), "expires soon")
	h.Clock.Add(time.Microsecond)
	h.says(h.page("bob", "/admin/users/bob/tokens"), "expires soon")
}

func TestAgoText(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]string{
		0: "less than an hour ago", time.Hour - 1: "less than an hour ago", time.Hour: "an hour ago", 2*time.Hour - 1: "an hour ago",
		2 * time.Hour: "2 hours ago", 47 * time.Hour: "47 hours ago", 48 * time.Hour: "2 days ago", 400 * 24 * time.Hour: "400 days ago",
	} {
		if got := adminui.AgoText(now.Add(-ago), now); got != want {
			t.Errorf("%s ago is %q, want %q", ago, got, want)
		}
	}
	if got := adminui.AgoText(time.Time{}, now); got != "" {
		t.Errorf("the zero time is %q, want the empty text", got)
	}
}

func TestExpiringCountsByWeek(t *testing.T) {
	h := newHost(t)
	for i, day := range []int{1, 6, 7, 8, 90, 91, 92} {
		h.Generate(apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(i), Lifetime: apitoken.Days(day) - time.Microsecond})
	}
	h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "for ever", Lifetime: apitoken.NoExpiration})
	page := h.page("ada", "/admin/expiring")
	h.says(page, "6 active tokens expire in the next thirteen weeks.", "1 Jan 8 Jan 3", "8 Jan 15 Jan 1", "15 Jan 22 Jan 0", "26 Mar 2 Apr 2")
	for i := range 300 {
		h.Generate(apitoken.GenerateParams{Owner: "carol", Name: fmt.Sprint(i), Lifetime: apitoken.Days(1)})
	}
	if crowded := h.page("ada", "/admin/expiring"); !strings.Contains(crowded, `height="2"`) {
		t.Error("the bar for one token beside 300 is too low to be seen")
	}
	if n := strings.Count(page, "<rect"); n != 13 {
		t.Errorf("the chart has %d bars, want 13", n)
	}
}

func TestUsersAreCountedAndFound(t *testing.T) {
	h := newHost(t)
	h.put(apitoken.User{ID: "dan"})
	h.Generate(apitoken.GenerateParams{Owner: "dan", Name: "x"})
	h.must(h.Manager.DisableUser(ctx, apitoken.System(), "dan"))
	h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "a"})
	h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "b", Lifetime: time.Hour})
	h.Clock.Add(time.Hour)
	h.says(h.page("ada", "/admin/users"), "ada Ada admin active 0 Tokens of ada", "bob Bob user active 1", "dan – user disabled 1 Jan 2026, 12:00 UTC 0")
	page := h.page("ada", "/admin/users?q=ar")
	h.says(page, "carol")
	h.saysNothingOf(text(page), "bob")
	h.says(h.page("ada", "/admin/users?q=zz"), "No user's id or name contains “zz”.")
	for i := range 60 {
		h.put(apitoken.User{ID: apitoken.UserID(fmt.Sprintf("user-%02d", i))})
	}
	page = h.page("ada", "/admin/users?q=user")
	h.says(page, "user-49", "Next page")
	h.saysNothingOf(page, "user-50")
	page = h.page("ada", nextOf(t, page))
	h.says(page, "user-50", "user-59")
	h.saysNothingOf(page, "Next page")
}

var nextLink = regexp.MustCompile(`href="([^"]*)" rel="next"`)

func nextOf(t *testing.T, page string) string {
	t.Helper()
	link := nextLink.FindStringSubmatch(page)
	if link == nil {
		t.Fatal("the page has no next page")
	}
	return strings.ReplaceAll(link[1], "&amp;", "&")
}

func TestActivityIsPagedBackwards(t *testing.T) {
	h := newHost(t)
	for i := range 120 {
		h.put(apitoken.User{ID: "bob", Name: fmt.Sprintf("Bob %d", i)})
	}
	_, _, err := h.Manager.Generate(ctx, apitoken.Actor{}, apitoken.GenerateParams{Owner: "ada", Name: "x"})
	if !errors.Is(err, apitoken.ErrDenied) {
		t.Fatal(err)
	}
	h.says(h.page("ada", "/admin/activity?owner=ada"), "nobody generated a token ada denied")
	page := h.page("ada", "/admin/activity?owner=bob")
	h.says(page, "Bob 119", "Bob 70")
	h.saysNothingOf(text(page), "user: Bob 69")
	page = h.page("ada", nextOf(t, page))
	h.says(page, "Bob 69", "Bob 20")
	page = h.page("ada", nextOf(t, page))
	h.says(page, "Bob 19", "Bob 0", "Bob, role: user bob done")
	h.saysNothingOf(text(page), "Next page", "user: Bob 20")
}

func TestAFailureIsNotARefusal(t *testing.T) {
	var told []error
	h := newHost(t, func(o *adminui.Options) { o.OnError = func(_ *http.Request, err error) { told = append(told, err) } })
	w := h.send("broken", http.MethodGet, "/admin/users", nil)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
	h.saysNothingOf(w.Body.String(), "sessions are gone")
	if len(told) != 1 || !errors.Is(told[0], apitoken.ErrUnavailable) {
		t.Errorf("OnError got %v", told)
	}
}
