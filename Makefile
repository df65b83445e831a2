# All targets work on every module that go.work lists. They need Go; -race also needs a C compiler.

SHELL   := /bin/sh
TIMEOUT := 30m
ZONES   := Pacific/Kiritimati America/St_Johns

# Tests that kill servers, run programs, plant bugs or go on for long run once, beside all others. Those that hold a server to
# what they have held SQLite to, and what makes trouble, run in two of the three passes of the others.
SLOW  := WhenKilled|FailOver|SeenToLose|Planted|AtOnce|EveryReplica|WhateverTheDatabase|AcrossPools|Cut|MillionRows
SLOW  := $(SLOW)|KeepsWhatItAcknowledged|DiesWithTheTest|CommitsWait|BrokenStores|FalsePositives
SLOW  := $(SLOW)|TestServer|Walk|Gateway|GeneratedClient|Browser|Gitleaks
# These do one thing after the other, so that -race tells nothing of them, and are the longest of that sort.
SLOW  := $(SLOW)|OneSpelling|BeyondHisOwnPermissions|LetsThoseInWhomItDeclares|SmallTable|ItemsOfTheAcceptanceList|NoValueIsTrouble|FaultInMigrate
SLOW  := $(SLOW)|ScansLookAtNoMore|MigrateFromOlder
TWICE := PostgreSQL|MySQL|Fault|Outcome|Uncertain|Unanswered|Context|Histories|Handles|Scans

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Go sets CGO_ENABLED to 0 where it finds no C compiler.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

# Go falls back to UTC without a word where it does not find a zone, so bring the zones along where the system has none.
ZONE_TAGS := $(if $(wildcard $(addprefix /usr/share/zoneinfo/,$(firstword $(ZONES)))),,-tags timetzdata)

# $(call each,COMMAND) runs a shell command in the folder of every module, and stops at the first failure.
each = set -e; dirs=$$(go list -m -f '{{.Dir}}'); \
	printf '%s\n' "$$dirs" | while IFS= read -r dir; do cd "$$dir"; echo "-- apitoken$${dir\#$(CURDIR)}"; $(1) </dev/null; done

.PHONY: help test servers check race test-zones test-slow test-galera lint bench fuzz cover

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

# The three run side by side: most of the tests keep one processor busy, or wait.
test: servers check ## everything that has to pass: gofmt, vet, the tests with -race and in odd time zones, the slow ones
	@$(MAKE) --no-print-directory -j3 race test-zones test-slow

servers: ## the servers and programs for the tests, from Debian's packages, where they are missing and this may install them
	@echo "== servers"; sh integration/install-servers.sh; sh examples/gateway/install.sh; sh examples/browser/install.sh

check: ## gofmt, go vet, and that each module also stands without go.work
	@echo "== gofmt"; bad=$$(gofmt -l .); test -z "$$bad" || { echo "gofmt these files:"; echo "$$bad"; exit 1; }
	@echo "== go vet"; $(call each,go vet ./...)
	@echo "== without go.work"; $(call each,GOWORK=off go list -deps -test ./... >/dev/null)

# The tests of the examples run programs, and others talk to servers, and caching of results knows of neither: -count=1.
race: ## the tests but the slow ones, with -race where there is a C compiler
	@test -n "$(RACE)" || echo "!! NO C COMPILER: the tests run WITHOUT the race detector"
	@command -v curl >/dev/null || echo "!! NO CURL: the walk of the README is NOT walked"
	@echo "== go test $(RACE)"; $(call each,go test $(RACE) -short -skip '$(SLOW)' -count=1 -timeout $(TIMEOUT) ./...)

test-zones: ## the tests but the slow ones in a time zone that is far from UTC by day, and fewer in one that is by half an hour
	@set -e; some="-skip $(SLOW)"; for zone in $(ZONES); do echo "== TZ=$$zone"; export TZ="$$zone"; \
		( $(call each,go test $(ZONE_TAGS) $$some -count=1 -timeout $(TIMEOUT) ./...) ); \
		some="-short -skip $(SLOW)|$(TWICE)"; done

test-slow: ## the tests that take long, or run other programs
	@echo "!! Galera is NOT tested here: make test-galera"
	@case ",$$APITOKEN_TEST_REQUIRE," in *,gitleaks,*) ;; *) command -v gitleaks >/dev/null || echo "!! NO GITLEAKS: its rule is NOT tried" ;; esac
	@export TZ=$(firstword $(ZONES)); echo "== slow, TZ=$$TZ"; $(call each,go test $(ZONE_TAGS) -run '$(SLOW)' -count=1 -timeout $(TIMEOUT) ./...)

test-galera: servers ## the tests on a Galera cluster of three nodes, which is started for them
	@echo "== Galera"; cd integration && APITOKEN_TEST_GALERA=1 go test -run Galera -count=1 -timeout $(TIMEOUT) ./...

lint: ## staticcheck; downloads it the first time
	@echo "== staticcheck"; $(call each,go run $(STATICCHECK) ./...)

FUZZTIME := 30s
fuzz: ## every fuzz target of every package, FUZZTIME=30s each
	@echo "== fuzz"; $(call each,for pkg in $$(go list ./...); do \
		listed=$$(go test -list "^Fuzz" $$pkg); \
		for target in $$(printf "%s\n" "$$listed" | grep "^Fuzz" || true); do \
			echo "$$pkg $$target"; go test -run "^$$" -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done)

bench: ## docs/performance.md, what it costs beside the least that it can cost; then the benchmarks
	go run ./bench -write docs
	@$(call each,go test -run "^$$" -bench . -benchmem ./...)

cover: ## the coverage of the library by its own tests, package by package
	go test -coverpkg=./... -coverprofile=cover.out ./... >/dev/null
	go tool cover -func=cover.out | tail -1
	rm cover.out
