package adminui_test

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// A token is replaced on its page. Both work until the successor is used, and a lost secret is generated again.
func TestASuccessorIsGenerated(t *testing.T) {
	h := newHost(t)
	old := h.generate("nightly")
	page := "/admin/tokens/" + old.ID.String() + "/edit"
	successor := "/admin/tokens/" + old.ID.String() + "/successor"
	h.says(h.page("bob", page), "Generate a successor", "Both tokens work until the successor is used for the first time.", "this token ends after 1 day")
	shown := regexp.MustCompile(`tok_[0-9A-Za-z]{49}`)
	lost := shown.FindString(h.form("ada", successor, http.StatusCreated, url.Values{"key": {"k1"}}))
	secret := shown.FindString(h.form("ada", successor, http.StatusCreated, url.Values{"key": {"k1"}}))
	if _, err := h.Manager.Authenticate(ctx, lost); !errors.Is(err, apitoken.ErrReplaced) {
		t.Errorf("the lost successor: %v, want ErrReplaced", err)
	}
	if _, err := h.Manager.Authenticate(ctx, secret); err != nil {
		t.Errorf("the successor: %v", err)
	}
	h.says(h.form("ada", successor, http.StatusConflict, url.Values{"key": {"k1"}}), "This form was sent before, and the token that it generated is in use.")
	h.says(h.form("bob", successor, http.StatusConflict, url.Values{"key": {"k2"}}), "The token was replaced")
	h.says(h.page("ada", "/admin/activity"), "ada generated a successor of a token: nightly", "used a successor, which ended the token before it")
}

func TestTheSuccessorOfATokenMayBeUnknown(t *testing.T) {
	h, store, told := newFaultyHost(t)
	old := h.generate("nightly")
	successor := "/admin/tokens/" + old.ID.String() + "/successor"
	store.writes = apitoken.ErrUncertain
	h.says(h.form("bob", successor, http.StatusServiceUnavailable, url.Values{}), "Generate a successor again: it replaces the one whose secret is lost.")
	store.writes = nil
	if h.form("bob", successor, http.StatusCreated, url.Values{}); len(*told) != 1 {
		t.Errorf("OnError was told %d errors, want 1", len(*told))
	}
}
