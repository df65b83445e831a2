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

// account is an account of the system other than that of the test.
type account struct {
	name     string
	uid, gid uint32
	groups   []uint32
}

// serverAccount returns the account for a server. If root runs the test, it is the named one, because servers refuse to run
// as root. Otherwise it is nil, and the server runs as the test does.
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

// folders makes the folder of a server and new folders in it, which belong to the account. It returns the real path.
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

// letThrough makes a folder reachable for the account. It changes only the modes of temporary folders.
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
