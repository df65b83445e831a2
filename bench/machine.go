package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// machine is what a run ran on, and which versions took part.
type machine struct {
	CPU        string
	Cores      int // that this process may use
	GOMAXPROCS int
	System     string
	Go         string
	Modules    []string // path and version of each in this program, in the order of their paths
}

func thisMachine() machine {
	m := machine{
		CPU:        field("/proc/cpuinfo", "model name", ":"),
		Cores:      runtime.NumCPU(),
		GOMAXPROCS: runtime.GOMAXPROCS(0),
		System:     runtime.GOOS + "/" + runtime.GOARCH,
		Go:         runtime.Version(),
	}
	if m.CPU == "" {
		m.CPU = "a processor that does not tell its name"
	}
	if name := field("/etc/os-release", "PRETTY_NAME", "="); name != "" {
		m.System = strings.Trim(name, `"`) + ", " + m.System
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return m
	}
	for _, dep := range info.Deps {
		if dep.Replace != nil || strings.HasPrefix(dep.Path, "github.com/seed-d6cf0a46/apitoken") {
			continue // the tree that this program is part of
		}
		m.Modules = append(m.Modules, dep.Path+" "+dep.Version)
	}
	return m
}

// field is the first value of a name in a file that has a name and a value in each line, or nothing.
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
