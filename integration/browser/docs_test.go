package browser_test

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/seed-d6cf0a46/apitoken"
)

var update = flag.Bool("update", false, "renew the pictures in docs/pictures")

// The two pictures of the documentation show dots in place of a secret.
func TestBrowserPicturesOfTheDocumentation(t *testing.T) {
	long(t)
	folder := filepath.Join("..", "..", "docs", "pictures")
	names := []string{"generated.png", "inventory-dark.png"}
	if *update {
		h, p := newHost(t).withWorkOfAYear(), open(t)
		h.signIn(p, "ada")
		p.visit(h.url + "/users/bob/tokens")
		p.fill("Name", "deployment of the website")
		p.choose("Expires in", "90 days")
		p.follow("Generate")
		eval[bool](p, `(secret => { secret.textContent = "tok_" + "•".repeat(secret.textContent.length - 4); return true })(document.getElementById("secret"))`)
		p.save(filepath.Join(folder, names[0]))
		p.visit(h.url + "/tokens")
		p.look(look{"dark", 1280, "dark", ""})
		p.save(filepath.Join(folder, names[1]))
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(folder, name))
		must(t, err)
		picture, err := png.DecodeConfig(bytes.NewReader(content))
		if err != nil || picture.Width != 1280 || picture.Height > 1000 || len(content) > 200<<10 {
			t.Errorf("%s: %d x %d pixels, %d bytes, %v", name, picture.Width, picture.Height, len(content), err)
		}
		if (apitoken.Scanner{}).Redact(string(content)) != string(content) {
			t.Errorf("%s contains a text that looks like a token", name)
		}
	}
}

// save writes a picture of the visible part of a page, down to the last complete row.
func (p *tab) save(path string) {
	p.Helper()
	height := eval[int64](p, `Math.ceil(Math.max(...[...document.querySelectorAll("tr")].map(row => row.getBoundingClientRect().bottom).filter(y => y < 900)))`)
	p.do(chromedp.EmulateViewport(1280, height))
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	p.must(err)
	p.must(os.MkdirAll(filepath.Dir(path), 0o755))
	p.must(os.WriteFile(path, picture, 0o644))
}

// withWorkOfAYear adds tokens such as a host could have after a year.
func (h host) withWorkOfAYear() host {
	h.t.Helper()
	var live []string
	for _, x := range []struct {
		actor, owner apitoken.UserID
		name         string
		days         int // lifetime; 0: no expiration
		later        int // days until the next token
	}{
		{"bob", "bob", "laptop", 0, 12},
		{"ada", "bob", "nightly build", 365, 3},
		{"carol", "carol", "spreadsheet of the sales", 90, 20},
		{"bob", "bob", "try of the new release", 30, 55},
		{"ada", "bob", "backup of the wiki", 180, 40},
		{"ada", "ada", "terraform", 90, 36},
		{"carol", "carol", "dashboard in the hall", 14, 4},
		{"bob", "bob", "phone", 60, 2},
	} {
		lifetime := apitoken.NoExpiration
		if x.days > 0 {
			lifetime = apitoken.Days(x.days)
		}
		_, secret, err := h.Manager.Generate(ctx, apitoken.As(x.actor), apitoken.GenerateParams{Owner: x.owner, Name: x.name, Lifetime: lifetime})
		h.must(err)
		if !strings.HasPrefix(x.name, "try") && x.name != "phone" {
			live = append(live, secret.Reveal())
		}
		h.Clock.Add(apitoken.Days(x.later) + 50*time.Minute)
	}
	for i, secret := range live {
		_, err := h.Manager.Authenticate(ctx, secret)
		if err == nil {
			h.must(h.Manager.Flush(ctx))
			h.Clock.Add(time.Duration(5*i+1) * time.Hour)
		}
	}
	for token, err := range h.Manager.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true, NameContains: "phone"}) {
		h.must(err)
		h.must(h.Manager.Revoke(ctx, apitoken.As("ada"), token.ID))
	}
	return h.setMax(apitoken.Days(90))
}
