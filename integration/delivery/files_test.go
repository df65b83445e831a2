package delivery_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/zip"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

const repository = "../.."

// The go command refuses a module with an invalid file name, and Windows refuses the checkout. Neither is visible in a workspace.
func TestEveryFileNameIsAccepted(t *testing.T) {
	for _, refusal := range refusedNames(os.DirFS(repository), repositoryFiles(t)) {
		t.Error(refusal)
	}
}

func TestNoBinaryIsOverOneMebibyte(t *testing.T) {
	for _, refusal := range largeBinaries(t, os.DirFS(repository), repositoryFiles(t)) {
		t.Error(refusal)
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	for name, paths := range map[string][]string{
		"reserved on Windows":                   {"testdata/nul"},
		"reserved on Windows, with an ending":   {"aux.txt"},
		"reserved on Windows, upper case":       {"CON"},
		"reserved on Windows, a port":           {"docs/com1.md"},
		"reserved on Windows, in a nested one":  {"examples/go.mod", "examples/prn"},
		"a folder that is reserved on Windows":  {"lpt9/a.go"},
		"ends in a dot":                         {"a."},
		"ends in a space":                       {"a "},
		"a folder that ends in a space":         {"a /b"},
		"begins with a space":                   {" a"},
		"colon":                                 {"a:b"},
		"question mark":                         {"a?"},
		"asterisk":                              {"a*"},
		"quote":                                 {`a"b`},
		"angle brackets":                        {"<a>"},
		"bar":                                   {"a|b"},
		"backslash":                             {`a\b`},
		"neither a letter nor ASCII":            {"a\u2603"},
		"differ in case":                        {"docs/README.md", "docs/readme.md"},
		"differ in case, in a folder":           {"docs/a.md", "Docs/b.md"},
		"differ in case, in a nested one":       {"bench/go.mod", "bench/a.go", "bench/A.go"},
		"differ in case, in a nested folder":    {"bench/go.mod", "bench/x/a.go", "bench/X/b.go"},
		"the root and a nested one differ, too": {"bench/go.mod", "Bench/a.go"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refusedNames(holding(paths, nil), paths); len(got) == 0 {
				t.Errorf("%q are accepted", paths)
			}
		})
	}
	fine := []string{"go.mod", "a b.go", "\u00e9t\u00e9.md", "bench/go.mod", "bench/a.go", ".ci/run", "x/null", "x/[a]_{b}~1.txt"}
	if diff := cmp.Diff([]string(nil), refusedNames(holding(fine, nil), fine)); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

func TestBinariesThatAreRefused(t *testing.T) {
	const most = 1 << 20
	for _, c := range []struct {
		name    string
		content []byte
		want    int
	}{
		{"a binary of one mebibyte", make([]byte, most), 0},
		{"a binary of a byte more", make([]byte, most+1), 1},
		{"a binary that begins as text", append(bytes.Repeat([]byte("a"), most), 0), 1},
		{"a text of a byte more", bytes.Repeat([]byte("a"), most+1), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			paths := []string{"file"}
			if got := largeBinaries(t, holding(paths, c.content), paths); len(got) != c.want {
				t.Errorf("refused: %q, want %d", got, c.want)
			}
		})
	}
}

func holding(paths []string, content []byte) fs.FS {
	files := fstest.MapFS{}
	for _, p := range paths {
		files[p] = &fstest.MapFile{Data: content}
	}
	return files
}

// repositoryFiles returns the files of the repository, and new files that are not ignored.
func repositoryFiles(t *testing.T) (paths []string) {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = repository
	out, err := list.Output()
	if err != nil {
		engine.Require(t, "git", fmt.Errorf("a git repository is %w: %w", engine.ErrMissing, err))
	}
	for p := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if _, err := os.Lstat(path.Join(repository, p)); err == nil { // otherwise it was removed
			paths = append(paths, p)
		}
	}
	return paths
}

// refusedNames returns the reasons why file names are invalid in the zip of their module or on Windows.
func refusedNames(fsys fs.FS, paths []string) (refusals []string) {
	modules := []string{"."}
	for _, p := range paths {
		if dir, name := path.Split(p); name == "go.mod" && dir != "" {
			modules = append(modules, path.Clean(dir))
		}
	}
	for _, module := range modules {
		var files []zip.File
		for _, p := range paths {
			if below, ok := strings.CutPrefix(p, module+"/"); ok {
				files = append(files, file{fsys, p, below})
			} else if module == "." {
				files = append(files, file{fsys, p, p})
			}
		}
		checked, _ := zip.CheckFiles(files)
		for _, invalid := range checked.Invalid {
			refusals = append(refusals, fmt.Sprintf("module %s: %v", module, invalid))
		}
		if checked.SizeError != nil {
			refusals = append(refusals, fmt.Sprintf("module %s: %v", module, checked.SizeError))
		}
	}
	return append(refusals, refusedOnWindows(paths)...)
}

// refusedOnWindows returns the reasons that package zip does not know: spaces at the ends of names, and names in different
// modules that differ only in case.
func refusedOnWindows(paths []string) (refusals []string) {
	spelled := map[string]string{} // every file and folder by its name in lower case
	for _, p := range paths {
		for part := p; part != "."; part = path.Dir(part) {
			if name := path.Base(part); strings.Trim(name, " ") != name {
				refusals = append(refusals, fmt.Sprintf("%q begins or ends with a space", p))
			}
			lower := strings.ToLower(part)
			if other, ok := spelled[lower]; ok && other != part {
				refusals = append(refusals, fmt.Sprintf("%q and %q differ only in case", other, part))
			}
			spelled[lower] = part
		}
	}
	return refusals
}

// file is a file of the repository by its path in a module.
type file struct {
	fsys        fs.FS
	path, below string
}

func (f file) Path() string                 { return f.below }
func (f file) Lstat() (fs.FileInfo, error)  { return fs.Lstat(f.fsys, f.path) }
func (f file) Open() (io.ReadCloser, error) { return f.fsys.Open(f.path) }

// largeBinaries returns the files over one mebibyte that are not text. A text holds no zero byte.
func largeBinaries(t *testing.T, fsys fs.FS, paths []string) (refusals []string) {
	t.Helper()
	for _, p := range paths {
		info, err := fs.Lstat(fsys, p)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() <= 1<<20 || !info.Mode().IsRegular() {
			continue
		}
		content, err := fs.ReadFile(fsys, p)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(content, 0) >= 0 {
			refusals = append(refusals, fmt.Sprintf("%s is a binary of %d bytes, at most %d are accepted", p, info.Size(), 1<<20))
		}
	}
	return refusals
}
