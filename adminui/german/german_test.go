package german_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/adminui/german"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestEveryTextIsInGerman(t *testing.T) {
	got := slices.Sorted(maps.Keys(german.Translation().Texts))
	if diff := cmp.Diff(adminui.Texts(), got); diff != "" {
		t.Errorf("the texts (-adminui +german):\n%s", diff)
	}
}

func TestThePagesAcceptTheTexts(t *testing.T) {
	_, err := adminui.New(tokentest.New(t).Manager, &adminui.Options{
		Actor:        func(*http.Request) (apitoken.Actor, error) { return apitoken.System(), nil },
		Translations: []adminui.Translation{german.Translation()},
	})
	if err != nil {
		t.Error(err)
	}
}
