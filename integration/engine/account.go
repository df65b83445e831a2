package engine

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// account is a user of the system that is not the one who runs the test.
type account struct {
	name     string
	uid, gid uint32
	groups   []uint32
}

// serverAccount is whom a server runs as. That is the named user if root runs the test, because servers refuse to run as
// root; otherwise it is nil: whoever runs the test.
func serverAccount(name, debianPackage string) (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, missing("the user "+name, debianPackage)
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	var numbers []uint32
	for _, id := range append([]string{u.Uid, u.Gid}, ids...) {
		n, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, uint32(n))
	}
	return &account{name: name, uid: numbers[0], gid: numbers[1], groups: numbers[2:]}, nil
}

// folders makes the folder of a server, with new folders in it that belong to the account, and returns its real path.
func (a *account) folders(dir string, names ...string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	if err := a.letThrough(dir); err != nil {
		return "", err
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			return "", err
		}
		if a == nil {
			continue
		}
		if err := os.Chown(path, int(a.uid), int(a.gid)); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// letThrough lets the account reach a folder. The folders for temporary files, which only their owner may enter, are opened
// so far that one can pass; no other folder is changed.
func (a *account) letThrough(dir string) error {
	if a == nil {
		return nil
	}
	temporary, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		return err
	}
	const pass fs.FileMode = 0o011
	for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		if info.Mode()&pass == pass {
			continue
		}
		if !strings.HasPrefix(at, temporary+string(filepath.Separator)) {
			return fmt.Errorf("the user %s cannot reach %s: only its owner may enter %s", a.name, dir, at)
		}
		if err := os.Chmod(at, info.Mode().Perm()|pass); err != nil {
			return err
		}
	}
	return nil
}
