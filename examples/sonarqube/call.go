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

// call is a request, who sends it, and its parameters, which are in the query or in a form.
type call struct {
	*server
	*http.Request
	w http.ResponseWriter

	actor apitoken.Actor
	token apitoken.Token      // what he shows, if it is one
	may   apitoken.Permission // what he may, with what he shows

	err error // the first thing that went wrong, which is the answer; behind it nothing is changed
}

// keep keeps what went wrong, and is no answer.
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

// do does something, if nothing went wrong before.
func (c *call) do(something func() error) any {
	if c.err == nil {
		c.err = something()
	}
	return nil
}

// errorOf leaves out the other result.
func errorOf[T any](_ T, err error) error { return err }

// change changes what this host keeps. If change finds something wrong, nothing is changed.
func (c *call) change(change func(now *state)) any {
	return c.do(func() error {
		return c.server.change(c.Context(), func(now *state) error { change(now); return c.err })
	})
}

// parse reads the parameters. One that the action does not take is refused: what it asks for would silently not happen.
func (c *call) parse(takes string) {
	c.Body = http.MaxBytesReader(c.w, c.Body, 64<<10)
	// A body that is no form is not read: clients declare JSON on an empty one.
	c.wrongIf(c.ParseForm() != nil, "The parameters cannot be read")
	for key, values := range c.Form {
		c.wrongIf(!utf8.ValidString(key+strings.Join(values, "")), "The parameters are not UTF-8")
		many := slices.Contains(strings.Fields(takes), key+"+")
		c.wrongIf(!many && !slices.Contains(strings.Fields(takes), key), "Parameter '%s' is not offered here", key)
		c.wrongIf(!many && len(slices.Compact(values)) > 1, "Parameter '%s' has more than one value", key)
	}
}

// text is a parameter without the space around it; one that is not given is empty.
func (c *call) text(key string) string { return strings.TrimSpace(c.Form.Get(key)) }

// short is a parameter of at most so many characters.
func (c *call) short(key string, most int) string {
	n := utf8.RuneCountInString(c.text(key))
	c.wrongIf(n > most, "'%s' length (%d) is longer than the maximum authorized (%d)", key, n, most)
	return c.text(key)
}

// required is a parameter that has to be there; blank is not there.
func (c *call) required(key string, most int) string {
	c.wrongIf(c.text(key) == "", "The '%s' parameter is missing", key)
	return c.short(key, most)
}

// listed are the values of a parameter, with commas between them.
func (c *call) listed(key string) []string {
	return strings.FieldsFunc(c.text(key), func(r rune) bool { return r == ',' || r == ' ' })
}

// oneOf is a parameter that has one of some values; the first is for none.
func (c *call) oneOf(key string, values ...string) string {
	if !c.Form.Has(key) {
		return values[0]
	}
	c.wrongIf(!slices.Contains(values, c.text(key)), "Value of parameter '%s' (%s) must be one of: [%s]", key, c.text(key), strings.Join(values, ", "))
	return c.text(key)
}

// yes is a parameter that is true or false.
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

// page is the part of a list that is asked for.
func page[T any](c *call, name string, all []T) map[string]any {
	index, size := c.number("p", 1_000_000, 1), c.number("ps", 500, 50)
	from := min((index-1)*size, len(all))
	return map[string]any{
		"paging": map[string]int{"pageIndex": index, "pageSize": size, "total": len(all)},
		name:     append([]T{}, all[from:min(from+size, len(all))]...),
	}
}

// finds reports whether one of the texts has the parameter q in it, in whatever case.
func (c *call) finds(texts ...string) bool {
	return strings.Contains(strings.ToLower(strings.Join(texts, "\n")), strings.ToLower(c.text("q")))
}

// date writes a time as SonarQube does, with an offset that has no colon, and no time as nothing.
func (c *call) date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(c.zone).Format("2006-01-02T15:04:05-0700")
}
