package engine_test

import (
	"os"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

// Folders that are not for temporary files stay as private as they are.
func TestFolderOutOfReachOfTheServerIsAnError(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("who is not root runs the server himself, and reaches what he reaches")
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir) // so that the folder around it is none for temporary files
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
