package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// machine is where a run took place, and with which versions.
type machine struct {
	CPU        string
	Load       string // average over the last minute; "unknown" where the system does not tell
	Cores      int    // that this process may use
	GOMAXPROCS int
	System     string
	Go         string
	Modules    []string // path and version of the drivers and the peers
}

func thisMachine() machine {
	m := machine{
		CPU:        "unknown",
		Load:       "unknown",
		Cores:      runtime.NumCPU(),
		GOMAXPROCS: runtime.GOMAXPROCS(0),
		System:     runtime.GOOS + "/" + runtime.GOARCH,
		Go:         runtime.Version(),
	}
	if name := field("/proc/cpuinfo", "model name", ":"); name != "" {
		m.CPU = name
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(text), " ")
	}
	if name := field("/etc/os-release", "PRETTY_NAME", "="); name != "" {
		m.System = strings.Trim(name, `"`) + ", " + m.System
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return m
	}
	for _, dep := range info.Deps {
		if slices.ContainsFunc(measuredModules, func(prefix string) bool { return strings.HasPrefix(dep.Path, prefix) }) {
			m.Modules = append(m.Modules, dep.Path+" "+dep.Version)
		}
	}
	return m
}

// measuredModules begin the paths of the modules whose versions matter for the results.
var measuredModules = []string{
	"github.com/alexedwards/scs/", "github.com/go-sql-driver/mysql", "github.com/golang-jwt/jwt/", "github.com/jackc/pgx/", "modernc.org/sqlite",
}

// field returns the first value of a name in a file with a name and a value in each line, or "".
func field(file, name, separator string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, separator); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
