package examples_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// generator returns a function that makes new tokens of a prefix.
func generator(t *testing.T, prefix string) (fresh func() string, s apitoken.Scanner) {
	t.Helper()
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Prefix: prefix})
	must(t, err)
	_, err = m.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: "bob"})
	must(t, err)
	n := 0
	return func() string {
		n++
		_, secret, err := m.Generate(t.Context(), apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(n)})
		must(t, err)
		return secret.Reveal()
	}, m.Scanner()
}

func TestScanningRedactsALog(t *testing.T) {
	fresh, _ := generator(t, "acme")
	other, _ := generator(t, "tok")
	a, b, foreign := fresh(), fresh(), other()
	long := strings.Repeat("x", 1<<20)
	log := "GET /?t=" + a + "&u=" + b + "\n\n" + long + a + "\r\nBearer " + foreign + "\nno line feed " + b
	want := "GET /?t=acme_REDACTED&u=acme_REDACTED\n\n" + long + "acme_REDACTED\r\nBearer " + foreign + "\nno line feed acme_REDACTED"

	cmd := command(t, build(t, "scanning"), "-prefix", "acme")
	cmd.Stdin = strings.NewReader(log)
	got, err := cmd.Output()
	must(t, err)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("redacted (-want +got):\n%s", diff)
	}
}

func TestScanningRefusesAnInvalidPrefix(t *testing.T) {
	out, err := command(t, build(t, "scanning"), "-prefix", "My App").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "prefix") {
		t.Errorf("err = %v, output:\n%s", err, out)
	}
}

// gitleaks finds tokens, and texts that only the checksum distinguishes from tokens. It finds no other texts.
func TestGitleaksFindsFreshTokens(t *testing.T) {
	long(t)
	gitleaks := needGitleaks(t)
	folder, program := t.TempDir(), build(t, "scanning")
	for _, prefix := range []string{"a", "tok", "acme", "z9999"} {
		t.Run(prefix, func(t *testing.T) {
			config, err := command(t, program, "-prefix", prefix, "-gitleaks").Output()
			must(t, err)
			configFile := filepath.Join(folder, prefix+".toml")
			write(t, configFile, string(config))
			files, want := plant(t, prefix)
			for name, text := range files {
				write(t, filepath.Join(folder, prefix, name), text)
			}

			report := filepath.Join(folder, prefix+".json")
			run := gitleaks("dir", filepath.Join(folder, prefix), "-c", configFile, "-f", "json", "-r", report, "--exit-code", "0", "--no-banner")
			if out, err := run.CombinedOutput(); err != nil {
				t.Fatalf("gitleaks: %v\n%s", err, out)
			}
			text, err := os.ReadFile(report)
			must(t, err)
			var found []struct{ RuleID, Secret string }
			decode(t, text, &found)
			var got []string
			for _, f := range found {
				if f.RuleID == prefix+"-api-token" {
					got = append(got, f.Secret)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			t.Logf("%d found in %d files", len(got), len(files))
		})
	}
}

// ignored are texts that gitleaks ignores by its default configuration, whatever rule finds them.
var ignored = regexp.MustCompile(`(?i)^true|false|null$`)

// plant returns files by their names, and the texts that gitleaks has to find.
func plant(t *testing.T, prefix string) (files map[string]string, want []string) {
	t.Helper()
	generate, s := generator(t, prefix)
	fresh := func() string {
		for {
			if text := generate(); !ignored.MatchString(text) {
				return text
			}
		}
	}
	files = map[string]string{}
	for name, form := range map[string]string{
		"main.go":     "package main\n\nconst token = %q\n",
		".env":        "API_TOKEN=%s\n",
		"ci.yaml":     "env:\n  token: %s # for the build\n",
		"config.json": `{"url": "https://example.com", "token": %q}`,
		"notes.md":    "Use `%s` until Friday.\n",
		"walk.sh":     "curl -H 'Authorization: Bearer %s' https://example.com/api\n",
		"access.log":  "GET /api?access_token=%s&page=2 200\n",
		"a.toml":      "[x]\ny = '%s'\n",
	} {
		text := fresh()
		files[name] = fmt.Sprintf(form, text)
		want = append(want, text)
	}
	var many strings.Builder
	for range 200 {
		text := fresh()
		fmt.Fprintln(&many, text)
		want = append(want, text)
	}
	files["many.txt"] = many.String()

	text := fresh()
	last := map[bool]string{true: "1", false: "0"}[strings.HasSuffix(text, "0")]
	wrong := text[:len(text)-1] + last
	if s.LooksLikeToken(wrong) || !s.LooksLikeToken(text) {
		t.Fatalf("%q and %q", text, wrong)
	}
	files["checksum.txt"] = wrong
	want = append(want, wrong)
	files["ignored.txt"] = text[:20] + "False" + text[25:]

	for name, near := range map[string]string{
		"zeros":       prefix + "_" + strings.Repeat("0", 49),
		"crosses":     prefix + "_" + strings.Repeat("x", 49),
		"digits":      prefix + "_" + strings.Repeat("0123456789", 5)[:49],
		"short":       text[:len(text)-1],
		"long":        text + "x",
		"in a word":   "x" + text,
		"hyphen":      text[:20] + "-" + text[21:],
		"another":     "q" + text,
		"upper case":  strings.ToUpper(prefix) + text[len(prefix):],
		"redacted":    s.Redact(text),
		"hint":        prefix + "_..." + text[len(text)-4:],
		"underscores": strings.Replace(text, "_", "__", 1),
	} {
		files["none, "+name+".txt"] = "see " + near + " there\n"
	}
	return files, want
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// gitleaksModule is built if gitleaks is required and not installed. The first build takes minutes.
const (
	gitleaksModule = "github.com/zricethezav/gitleaks/v8@v8.30.1"
	gitleaksLimit  = 8 * time.Minute
)

// needGitleaks returns a function that makes a command of gitleaks. If gitleaks is missing, the test is skipped, unless
// APITOKEN_TEST_REQUIRE lists it: then it is built, outside of this module.
func needGitleaks(t *testing.T) func(args ...string) *exec.Cmd {
	t.Helper()
	program := []string{"gitleaks"}
	if _, err := exec.LookPath("gitleaks"); err != nil {
		if !slices.Contains(strings.Split(os.Getenv("APITOKEN_TEST_REQUIRE"), ","), "gitleaks") {
			t.Skip("NOT TESTED: the rule for gitleaks, which is missing; go install " + gitleaksModule)
		}
		program = []string{"go", "run", gitleaksModule}
	}
	ctx, cancel := context.WithTimeout(context.Background(), gitleaksLimit)
	t.Cleanup(cancel)
	outside := t.TempDir()
	return func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, program[0], append(program[1:], args...)...)
		cmd.Dir = outside
		return cmd
	}
}
