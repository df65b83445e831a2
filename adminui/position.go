package adminui

import (
	"net/url"
	"strconv"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// The position in a list is a token, in the order of expiry also its expiry, and how many tokens were examined since the last
// page that was full.
var positionParameters = []string{"after", "expiry", "looked"}

// listParameters are the parameters of a user's list in an address.
var listParameters = append([]string{"status", "order"}, positionParameters...)

// withoutPosition removes the position from a query, so that the list begins with its first page.
func withoutPosition(query url.Values) url.Values {
	for _, name := range positionParameters {
		query.Del(name)
	}
	return query
}

func withoutCursor(q apitoken.TokenQuery) apitoken.TokenQuery {
	q.After, q.AfterExpiry = apitoken.TokenID{}, time.Time{}
	return q
}

// withPosition returns the query of the page at the position of an address. A position that does not fit the order is
// [apitoken.ErrNotFound].
func withPosition(q apitoken.TokenQuery, query url.Values) (_ apitoken.TokenQuery, err error) {
	if q.After, err = tokenID(query.Get("after")); err != nil || q.After.IsZero() || q.Order != apitoken.OrderExpiry {
		return q, err
	}
	micros, err := strconv.ParseInt(query.Get("expiry"), 10, 64)
	if err != nil {
		return q, apitoken.ErrNotFound
	}
	q.AfterExpiry = time.UnixMicro(micros)
	return q, nil
}

// maxReads is how many times a page reads tokens until it is full. Each read examines at most 1,000. With more reads, a page whose
// filters select few tokens would take more than three times as long on a large host as on a small one.
const maxReads = 2

// tokenList is one page of a list.
type tokenList struct {
	Tokens []apitoken.Token
	Next   string // the address of the next page; empty: this is the last one
	Looked string // how many tokens were examined, if that is why the page is not full; empty: it is full, or the last one
	Total  string // of how many; empty: not known
}

// readList reads a page of tokens: it is full, the last one, or has examined as many tokens as a page may.
func (v *visit) readList(q apitoken.TokenQuery) (list tokenList, err error) {
	looked, _ := strconv.Atoi(v.r.URL.Query().Get("looked"))
	looked = max(looked, 0)
	for range maxReads {
		page, err := v.manager.TokenPage(v.r.Context(), v.actor, q)
		if err != nil {
			return list, err
		}
		looked += page.Examined
		list.Tokens = append(list.Tokens, page.Tokens...)
		if page.Next.IsZero() {
			return list, nil
		}
		q.After, q.AfterExpiry = page.Next, page.NextExpiry
		if q.Limit -= len(page.Tokens); q.Limit == 0 {
			list.Next = v.nextURL(q, 0)
			return list, nil
		}
	}
	list.Next, list.Looked = v.nextURL(q, looked), v.number(looked)
	return list, nil
}

// nextURL returns the address of the page at the cursor of a query.
func (v *visit) nextURL(q apitoken.TokenQuery, looked int) string {
	query := withoutPosition(v.r.URL.Query())
	query.Set("after", q.After.String())
	if !q.AfterExpiry.IsZero() {
		query.Set("expiry", strconv.FormatInt(q.AfterExpiry.UnixMicro(), 10))
	}
	if looked > 0 {
		query.Set("looked", strconv.Itoa(looked))
	}
	return addressOf(v.r.URL.EscapedPath(), query)
}

// of says of how many tokens a page has examined some.
func (l tokenList) of(tally apitoken.TokenTally, language *language) tokenList {
	if !tally.More {
		l.Total = language.number(tally.Examined)
	}
	return l
}

// listPosition returns what is shown of a user's list, as a query and as hidden fields. list is that query, encoded. Other
// parameters in it are ignored.
func listPosition(list string) (query string, fields []field) {
	values, _ := url.ParseQuery(list) // what cannot be parsed is ignored
	known := url.Values{}
	for _, name := range listParameters {
		if text := values.Get(name); text != "" {
			known.Set(name, text)
		}
	}
	if _, err := tokenID(known.Get("after")); err != nil {
		known.Del("after")
	}
	if len(known) == 0 {
		return "", nil
	}
	return "?" + known.Encode(), []field{{"list", known.Encode()}}
}
