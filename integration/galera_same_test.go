package integration_test

import "testing"

// These tests run on other servers, too. Here they have names with Galera, by which make test-galera finds them.

func TestGaleraIsMigratedByFiveHandlesAtOnce(t *testing.T)   { crowdOnGalera.migrateByHandles(t) }
func TestGaleraIsMigratedByFiveProcessesAtOnce(t *testing.T) { crowdOnGalera.migrateByProcesses(t) }
func TestGaleraMigratesAFullDatabase(t *testing.T)           { onGalera.migratesFull(t) }
func TestGaleraFeedLosesNothing(t *testing.T)                { onGalera.feedLosesNothing(t) }
func TestGaleraAnswersLikeTheModel(t *testing.T)             { storeOn(onGalera).holdModel(t) }
func TestGaleraRotationHistoriesAreLinearizable(t *testing.T) {
	storeOn(onGalera).holdRotationHistories(t)
}

// All clients are on one node: across nodes a token may overtake a policy, see [onOneServerOnly].
func TestGaleraHistoriesOnANodeAreLinearizable(t *testing.T) {
	node := onGalera
	node.name = "Galera, one node"
	node.create = func(t testing.TB) []string { return createGalera(t)[:1] }
	storeOn(node).holdLinearizable(t)
}
