package browser_test

import "testing"

// long skips a test that takes too long for make test.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: make test-long")
	}
}
