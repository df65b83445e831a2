package userpath_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/internal/userpath"
)

func TestSegmentsOfUserIDs(t *testing.T) {
	for _, tt := range []struct {
		id      apitoken.UserID
		segment string
	}{
		{"bob", "bob"},
		{"ada@example.org", "ada@example.org"},
		{"jürgen +%?#;,\\", "j%C3%BCrgen%20+%25%3F%23%3B%2C%5C"},
		{"...", "..."},
		{"a~b", "a~b"},
		{".", "~Lg"},
		{"..", "~Li4"},
		{"/", "~Lw"},
		{"//", "~Ly8"},
		{"a/../b", "~YS8uLi9i"},
		{"~", "~fg"},
		{"~Lg", "~fkxn"},
		{"/???", "~Lz8_Pw"},
		{"ü/~~~", "~w7wvfn5-"},
	} {
		if got := userpath.Segment(tt.id); got != tt.segment {
			t.Errorf("Segment(%q) = %q, want %q", tt.id, got, tt.segment)
		}
	}
}

func TestSegmentsThatStandForNoUser(t *testing.T) {
	for _, segment := range []string{
		"~", "~bob", "~Ym9i", "~Lg=", "~Lg==", "~Lh", "~Lg\n", "~L", "~+/8", "~~Lg", "~Lw/", "~%4Cw",
	} {
		if id, ok := userpath.UserID(segment); ok {
			t.Errorf("UserID(%q) = %q, want none: it is not what Segment writes", segment, id)
		}
	}
}

func TestAnUnmarkedSegmentIsTheID(t *testing.T) {
	for _, segment := range []string{"bob", "a/b", ".", "..", "/", "a~Lg"} {
		if id, ok := userpath.UserID(segment); string(id) != segment || !ok {
			t.Errorf("UserID(%q) = %q, %t, want the segment itself", segment, id, ok)
		}
	}
}

func FuzzUserID(f *testing.F) {
	for _, id := range []string{"bob", ".", "..", "/", "a/b", "~", "~Lg", "~Ym9i", "ü/~~~", "%2F", "a b", ""} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, text string) {
		segment := userpath.Segment(apitoken.UserID(text))
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			t.Fatalf("Segment(%q) = %q is not percent-encoded: %v", text, segment, err)
		}
		if id, ok := userpath.UserID(decoded); string(id) != text || !ok {
			t.Errorf("UserID(%q) = %q, %t, want %q, true", decoded, id, ok, text)
		}
		if whole := "/users/" + decoded + "/tokens"; text != "" && (path.Clean(whole) != whole || strings.Contains(decoded, "/")) {
			t.Errorf("Segment(%q) = %q changes where a proxy decodes and cleans the path", text, segment)
		}
		if id, ok := userpath.UserID(text); ok && strings.HasPrefix(text, "~") && userpath.Segment(id) != text {
			t.Errorf("UserID(%q) = %q, which Segment writes as %q", text, id, userpath.Segment(id))
		}
	})
}
