package sqlstore_test

import (
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// A server may cache a plan for each distinct text, so Touch has few of them.
func TestTouchHasNineTexts(t *testing.T) {
	for name, d := range dialects {
		store := newStore(t, d, "x_")
		texts := map[string]bool{}
		var touches []apitoken.Touch
		for n := range 256 {
			touches = append(touches, apitoken.Touch{Token: apitoken.TokenID{byte(n)}, At: time.UnixMicro(int64(n))})
			text, args := store.TouchQuery(touches)
			texts[text] = true
			for i := 0; i < len(args); i += 3 {
				want := touches[min(i/3, n)]
				if id, at := args[i].([]byte), args[i+1].(int64); [16]byte(id) != want.Token || at != want.At.UnixMicro() {
					t.Fatalf("%s: %d uses: use %d is of %x at %d, want %x at %d", name, n+1, i/3, id, at, want.Token, want.At.UnixMicro())
				}
			}
			if len(args) < 3*len(touches) {
				t.Errorf("%s: %d arguments for %d uses", name, len(args), len(touches))
			}
		}
		if want := 9; len(texts) != want {
			t.Errorf("%s: %d texts for 1 to 256 uses, want %d", name, len(texts), want)
		}
	}
}
