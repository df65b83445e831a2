package apitoken_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-d6cf0a46/apitoken"
)

// PutUser accepts every name and makes it fit to be shown.
func TestPutUserMakesEveryNameFitToBeShown(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	family := "Ada \U0001F468\u200d\U0001F469\u200d\U0001F467"
	for name, tt := range map[string]struct{ given, want string }{
		"an ordinary name":                   {"Ada Lovelace", "Ada Lovelace"},
		"Persian, with its joiner":           {"\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"},
		"Sinhala, with its joiner":           {"\u0dc1\u0dca\u200d\u0dbb\u0dd3", "\u0dc1\u0dca\u200d\u0dbb\u0dd3"},
		"an emoji with a variation selector": {"Ada \u2600\ufe0f", "Ada \u2600\ufe0f"},
		"an emoji of a family":               {family, family},
		"letters newer than this Go":         {"\U000105c0\U0001E5D0", "\U000105c0\U0001E5D0"},
		"a tab and a line break":             {"Ada\tL.\nB.", "Ada L. B."},
		"a line separator":                   {"Ada\u2028L.", "Ada L."},
		"NUL":                                {"Ada\x00L.", "Ada L."},
		"broken UTF-8":                       {"Ad\xffa", "Ad\ufffda"},
		"outer spaces":                       {" \u00a0Ada\u3000 ", "Ada"},
		"a bidi override":                    {"Ada\u202eevoL", "AdaevoL"},
		"a byte order mark":                  {"\ufeffAda", "Ada"},
		"a private-use character":            {"Ada \uf8ff", "Ada \ufffd"},
		"101 characters":                     {strings.Repeat("n", 101), strings.Repeat("n", 100)},
		"cut before its marks":               {strings.Repeat("n", 98) + "e\u0301\u0302\u0303", strings.Repeat("n", 98) + "e"},
		"cut after a joiner":                 {strings.Repeat("n", 99) + "\u200dnn", strings.Repeat("n", 99)},
		"only invisible characters":          {"\u2800\u200b\u3164", ""},
		"only space":                         {" \t ", ""},
		"a mebibyte":                         {strings.Repeat("ü", 1<<19), strings.Repeat("ü", 100)},
	} {
		id := apitoken.UserID("of " + name)
		u, err := h.PutUser(ctx, apitoken.System(), apitoken.User{ID: id, Name: tt.given})
		if err != nil {
			t.Errorf("%s: %v, want it accepted", name, err)
			continue
		}
		if u.Name != tt.want {
			t.Errorf("%s: %+q, want %+q", name, u.Name, tt.want)
		}
		again, err := h.PutUser(ctx, apitoken.System(), u)
		if err != nil || again != u {
			t.Errorf("%s: put again as shown: %v, %v, want no change", name, again, err)
		}
	}
}

func FuzzDisplayName(f *testing.F) {
	f.Add("Ada\u200d\u0301 \xff")
	f.Fuzz(func(t *testing.T, name string) {
		clean := apitoken.DisplayName(name)
		if !utf8.ValidString(clean) || utf8.RuneCountInString(clean) > 100 || clean != strings.TrimSpace(clean) {
			t.Errorf("%+q becomes %+q, want 100 characters of UTF-8 without outer space", name, clean)
		}
		if again := apitoken.DisplayName(clean); again != clean {
			t.Errorf("%+q becomes %+q and then %+q, want no further change", name, clean, again)
		}
	})
}

// Token names in every script are accepted, with the joiners that the script needs. TestGenerateRefusesBadInput has the refused
// ones.
func TestTokenNamesInEveryScriptAreAccepted(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for _, name := range []string{
		"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",                // Persian, with a non-joiner
		"\u0dc1\u0dca\u200d\u0dbb\u0dd3",                                  // Sinhala, with a joiner
		"\u0915\u094d\u200d\u0937",                                        // Devanagari, with a joiner
		"\u0c95\u0c82\u0caa\u0ccd\u0caf\u0cc2\u0c9f\u0cb0\u0ccd\u200c ci", // Kannada, a word that ends in a non-joiner
		"\u0d05\u0d28\u0d3f\u0d32\u0d4d\u200d",                            // Malayalam, a word that ends in a joiner
		"\U0001e90a\u200d\U0001e90b",                                      // Adlam, with a joiner
		"\ua9a0\ua9c0\u200c\ua9a5",                                        // Javanese, with a non-joiner
		"\U000105c0\U000105c1",                                            // Todhri, of Unicode 16
		"nightly ☀",
		"\u4e2d\u6587",
	} {
		_, _, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: name})
		if err != nil {
			t.Errorf("%+q: %v, want it accepted", name, err)
		}
	}
}
