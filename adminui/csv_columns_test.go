package adminui_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// The columns of the host follow the others. Spreadsheets find no formula in them either.
func TestTheFileHasTheColumnsOfTheHost(t *testing.T) {
	var pieces []int
	h := newHost(t, func(o *adminui.Options) {
		o.CSVColumns = &adminui.CSVColumns{Names: []string{"email", "=team"}, Values: func(_ context.Context, tokens []apitoken.Token) (values [][]string, err error) {
			pieces = append(pieces, len(tokens))
			for _, token := range tokens {
				values = append(values, []string{string(token.Owner) + "@example.com", "=1+1"})
			}
			return values, nil
		}}
	})
	for i := range 1001 {
		h.Generate(apitoken.GenerateParams{Owner: []apitoken.UserID{"bob", "carol"}[i%2], Name: fmt.Sprint(i)})
	}
	lines, err := csv.NewReader(strings.NewReader(h.page("ada", "/admin/tokens.csv"))).ReadAll()
	must(t, err)
	if len(lines) != 1002 {
		t.Fatalf("the file has %d lines, want 1002", len(lines))
	}
	for n, owner := range map[int]string{1: "bob", 2: "carol", 1001: "bob"} {
		if diff := cmp.Diff([]string{owner, owner + "@example.com", "'=1+1"}, []string{lines[n][1], lines[n][14], lines[n][15]}); diff != "" {
			t.Errorf("line %d (-want +got):\n%s", n, diff)
		}
	}
	if diff := cmp.Diff([]string{"description", "email", "'=team"}, lines[0][13:]); diff != "" {
		t.Errorf("the first line (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1000, 1}, pieces); diff != "" {
		t.Errorf("the host is asked for pieces of (-want +got):\n%s", diff)
	}
}

// Values that cannot be had are told before the first byte, and cut the file off after it.
func TestMissingValuesEndTheFile(t *testing.T) {
	gone := errors.New("the directory is gone")
	for name, values := range map[string]func([]apitoken.Token) ([][]string, error){
		"an error":       func([]apitoken.Token) ([][]string, error) { return nil, gone },
		"too few rows":   func(tokens []apitoken.Token) ([][]string, error) { return make([][]string, len(tokens)-1), nil },
		"too few values": func(tokens []apitoken.Token) ([][]string, error) { return make([][]string, len(tokens)), nil },
	} {
		for _, tokens := range []int{1, 1001} {
			t.Run(fmt.Sprint(name, " of ", tokens), func(t *testing.T) {
				errs := make(chan error, 1)
				h := newHost(t, signedInAs("ada"), func(o *adminui.Options) {
					o.OnError = func(_ *http.Request, err error) { errs <- err }
					o.CSVColumns = &adminui.CSVColumns{Names: []string{"email"}, Values: func(_ context.Context, piece []apitoken.Token) ([][]string, error) {
						if len(piece) == 1 {
							return values(piece)
						}
						good := make([][]string, len(piece))
						for i := range good {
							good[i] = []string{"x"}
						}
						return good, nil
					}}
				})
				for i := range tokens {
					h.Generate(apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(i)})
				}
				server := httptest.NewServer(h.pages)
				defer server.Close()
				res, err := http.Get(server.URL + "/admin/tokens.csv")
				must(t, err)
				defer res.Body.Close()
				_, err = io.ReadAll(res.Body)
				if cut := err != nil; cut != (tokens > 1) || (res.StatusCode == http.StatusServiceUnavailable) != (tokens == 1) {
					t.Errorf("the response is %d, and ends with %v", res.StatusCode, err)
				}
				if told := <-errs; !errors.Is(told, apitoken.ErrUnavailable) || name == "an error" && !errors.Is(told, gone) {
					t.Errorf("OnError got %v", told)
				}
			})
		}
	}
}
