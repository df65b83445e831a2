package browser_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// axe returns the source of axe-core, in the version of package.json. It is installed into a temporary folder.
var axe = sync.OnceValues(func() (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", err
	}
	wanted, err := os.ReadFile("package.json")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(scratch, "axe")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), wanted, 0o644); err != nil {
		return "", err
	}
	install := exec.Command(npm, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm install: %w: %s", err, out)
	}
	source, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	return string(source), err
})

func needAxe(t *testing.T) string {
	t.Helper()
	source, err := axe()
	if err != nil {
		missing(t, "node", err)
	}
	return source
}

// finding is a rule that a page breaks, or that axe-core cannot decide.
type finding struct {
	ID, Help string
	Nodes    []struct{ HTML, FailureSummary string }
}

func (f finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", f.ID, f.Help)
	for _, n := range f.Nodes {
		fmt.Fprintf(&b, "\n  %.200s\n    %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", "\n    "))
	}
	return b.String()
}

const (
	allRules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]`
	contrast = `{type: "rule", values: ["color-contrast"]}`
)

// accessible checks the page by WCAG 2.2 A and AA and the best practices of axe-core. In the dark scheme, which changes
// only colors, it checks only the contrast. A rule that axe-core cannot decide is an error, too. axe-core cannot determine
// the background of text in a picture, so this function computes it.
func (p *tab) accessible(source string, l look) {
	p.Helper()
	rules, least := allRules, 15
	if l.scheme == "dark" {
		rules, least = contrast, 1
	}
	if !eval[bool](p, "!!window.axe") {
		eval[bool](p, source+"; true")
	}
	result := eval[struct {
		Violations, Incomplete []finding
		Passes                 int
	}](p, `axe.run({exclude: [["svg text"]]}, {
		runOnly: `+rules+`,
		resultTypes: ["violations", "incomplete"],
	}).then(r => ({violations: r.violations, incomplete: r.incomplete, passes: r.passes.length}))`)
	for _, f := range result.Violations {
		p.Errorf("%s: violated: %s", l.name, f)
	}
	for _, f := range result.Incomplete {
		p.Errorf("%s: undecided: %s", l.name, f)
	}
	if result.Passes < least {
		p.Errorf("%s: the page passes only %d rules", l.name, result.Passes)
	}
	for _, low := range eval[[]string](p, lowContrast) {
		p.Errorf("%s: violated: contrast in a picture: %s", l.name, low)
	}
}

// lowContrast is JavaScript that returns the texts of pictures with a contrast below 4.5, by the formula of WCAG 2.
const lowContrast = `(() => {
	const luminance = color => color.match(/\d+/g).slice(0, 3)
		.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	return [...document.querySelectorAll("svg text")].flatMap(e => {
		const both = [luminance(getComputedStyle(e).fill), luminance(getComputedStyle(e.closest("figure")).backgroundColor)];
		const contrast = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
		return contrast < 4.5 ? [e.textContent + ": " + contrast.toFixed(2)] : [];
	});
})()`
