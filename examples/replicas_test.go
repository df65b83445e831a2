package examples_test

import (
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

var refuses = regexp.MustCompile(`replica ([123]) refuses the token, at most (\S+) after it was revoked\n`)

func TestReplicasRefuseWhatOneOfThemRevoked(t *testing.T) {
	long(t)
	p, err := engine.StartPostgres(t.TempDir(), &engine.Options{Fast: true})
	engine.Require(t, "postgres", err)
	t.Cleanup(func() { _ = p.Stop() })
	out, err := exec.Command(build(t, "replicas"), "-db", p.DSN()).CombinedOutput()
	if err != nil {
		t.Fatalf("replicas: %v\n%s", err, out)
	}
	found := refuses.FindAllStringSubmatch(string(out), -1)
	if len(found) != 3 {
		t.Fatalf("%d replicas refuse the token, want 3:\n%s", len(found), out)
	}
	for _, replica := range found {
		took, err := time.ParseDuration(replica[2])
		must(t, err)
		if took > 5*time.Second { // a second on a machine that has time; cachestore's own tests hold the bound
			t.Errorf("replica %s refuses the token after %s, want about a second", replica[1], took)
		}
	}
}
