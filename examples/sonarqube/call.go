package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-d6cf0a46/apitoken"
)

// call is a request with its actor. The parameters are in the query or in a form. The first error is kept and becomes the answer;
// after an error nothing is changed.
type call struct {
	*server
	*http.Request
	w http.ResponseWriter

	actor apitoken.Actor
	token apitoken.Token      // the token that the request presents, if any
	may   apitoken.Permission // of the actor

	err error // the first error
}

// keep keeps the first error. It returns nil, so that an action can return it.
func (c *call) keep(err error) any {
	if c.err == nil {
		c.err = err
	}
	return nil
}

func (c *call) refuseIf(is bool, err error) {
	if is {
		c.keep(err)
	}
}

func (c *call) wrongIf(is bool, format string, args ...any) {
	c.refuseIf(is, refuse(http.StatusBadRequest, format, args...))
}

// do calls act unless there was an error before.
func (c *call) do(act func() error) any {
	if c.err == nil {
		c.err = act()
	}
	return nil
}

// errorOf returns the error of two results.
func errorOf[T any](_ T, err error) error { return err }

// change changes the state of this host. If change keeps an error, nothing is changed.
func (c *call) change(change func(now *state)) any {
	return c.do(func() error {
		return c.server.change(c.Context(), func(now *state) error { change(now); return c.err })
	})
}

// parse reads the parameters. It refuses one that the action does not take: ignoring it could mislead the client.
func (c *call) parse(takes string) {
	c.Body = http.MaxBytesReader(c.w, c.Body, 64<<10)
	// Only the body of a form is read: some clients declare JSON and send an empty body.
	c.wrongIf(c.ParseForm() != nil, "The parameters cannot be read")
	for key, values := range c.Form {
		c.wrongIf(!utf8.ValidString(key+strings.Join(values, "")), "The parameters are not UTF-8")
		many := slices.Contains(strings.Fields(takes), key+"+")
		c.wrongIf(!many && !slices.Contains(strings.Fields(takes), key), "Parameter '%s' is not offered here", key)
		c.wrongIf(!many && len(slices.Compact(values)) > 1, "Parameter '%s' has more than one value", key)
	}
}

// text is a parameter without the space around it, or empty.
func (c *call) text(key string) string { return strings.TrimSpace(c.Form.Get(key)) }

// short is a parameter of at most that many characters.
func (c *call) short(key string, most int) string {
	n := utf8.RuneCountInString(c.text(key))
	c.wrongIf(n > most, "'%s' length (%d) is longer than the maximum authorized (%d)", key, n, most)
	return c.text(key)
}

// required is a parameter that must not be blank.
func (c *call) required(key string, most int) string {
	c.wrongIf(c.text(key) == "", "The '%s' parameter is missing", key)
	return c.short(key, most)
}

// listed are the comma-separated values of a parameter.
func (c *call) listed(key string) []string {
	return strings.FieldsFunc(c.text(key), func(r rune) bool { return r == ',' || r == ' ' })
}

// oneOf is a parameter with one of some values. The first is the default.
func (c *call) oneOf(key string, values ...string) string {
	if !c.Form.Has(key) {
		return values[0]
	}
	c.wrongIf(!slices.Contains(values, c.text(key)), "Value of parameter '%s' (%s) must be one of: [%s]", key, c.text(key), strings.Join(values, ", "))
	return c.text(key)
}

// yes is a boolean parameter.
func (c *call) yes(key string, values ...string) bool {
	return slices.Contains([]string{"true", "yes"}, c.oneOf(key, values...))
}

func (c *call) number(key string, most, otherwise int) int {
	n, err := strconv.Atoi(c.text(key))
	if err == nil && 1 <= n && n <= most {
		return n
	}
	c.wrongIf(c.Form.Has(key), "'%s' value (%s) must be a number between 1 and %d", key, c.text(key), most)
	return otherwise
}

// page is the requested page of a list.
func page[T any](c *call, name string, all []T) map[string]any {
	index, size := c.number("p", 1_000_000, 1), c.number("ps", 500, 50)
	from := min((index-1)*size, len(all))
	return map[string]any{
		"paging": map[string]int{"pageIndex": index, "pageSize": size, "total": len(all)},
		name:     append([]T{}, all[from:min(from+size, len(all))]...),
	}
}

// finds reports whether one of the texts contains the parameter q. Case does not matter.
func (c *call) finds(texts ...string) bool {
	return strings.Contains(strings.ToLower(strings.Join(texts, "\n")), strings.ToLower(c.text("q")))
}

// date formats a time as SonarQube does, with an offset without a colon. The zero time is empty.
func (c *call) date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(c.zone).Format("2006-01-02T15:04:05-0700")
}
