package engine_test

import (
	"os"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

// The modes of folders other than temporary ones do not change.
func TestFolderOutOfReachOfTheServerIsAnError(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("without root, the server runs as the account of the test")
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir) // so that the parent folder is not a temporary one
	p, err := engine.StartPostgres(dir, nil)
	if err == nil {
		stopped(t, p)
		t.Fatal("there is no error")
	}
	if strings.Contains(err.Error(), "cannot reach "+dir) {
		return
	}
	engine.Require(t, "postgres", err)
}
