# All targets work on every module that go.work lists. They need Go; -race also needs a C compiler.

SHELL   := /bin/sh
TIMEOUT := 60m

# One time zone is off UTC by half an hour more than by hours, the other by more than half a day. The library's tests see both:
# one in make test, the other with the oldest Go.
ZONE      := America/St_Johns
LONG_ZONE := Pacific/Kiritimati

OLDEST_GO   := go1.25.14
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# Go sets CGO_ENABLED to 0 where it finds no C compiler. SQLite, which is C translated to Go, and the cipher of bcrypt are ten times
# slower under the race detector, which has nothing to find there: those packages are compiled without it.
NO_RACE := -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc=-race=false \
	-gcflags=golang.org/x/crypto/blowfish=-race=false
RACE    := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race $(NO_RACE))

# go vet, the tests and the programs that they build share what was compiled: GOFLAGS reaches all of them.
check quick: export GOFLAGS := $(strip $(GOFLAGS) $(RACE))

# Go falls back to UTC without a word where it does not find a zone, so bring the zones along where the system has none.
ZONE_TAGS := $(if $(wildcard /usr/share/zoneinfo/$(ZONE)),,-tags timetzdata)

# The packages of all modules.
ALL = $$(go list -m -f '{{.Dir}}/...')

# The packages of all modules for go test, which starts them in this order: the longest first.
TESTED := ./integration/... ./... ./examples/... ./bench/... ./apitokenotel/...

# The tests run programs and talk to servers, and the cache of test results knows of neither: -count=1.
GOTEST := go run ./integration/gotest
FLAGS  := $(ZONE_TAGS) -count=1 -timeout $(TIMEOUT)

# $(call each,COMMAND) runs a shell command in the folder of every module, and stops at the first failure.
each = set -e; dirs=$$(go list -m -f '{{.Dir}}'); \
	printf '%s\n' "$$dirs" | while IFS= read -r dir; do cd "$$dir"; echo "-- apitoken$${dir\#$(CURDIR)}"; $(1) </dev/null; done

.PHONY: help test test-long servers check quick long other lint oldest-go 386 test-galera test-ha test-upgraded vuln bench fuzz cover

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

test: servers check quick ## what has to pass before each commit: gofmt, vet, the tests that do not take long

test-long: servers ## what else has to pass before a merge: the long tests, staticcheck, the oldest Go, 32 bits
	@$(MAKE) --no-print-directory -j2 long other

servers: ## the servers and programs for the tests, from Debian's packages, where they are missing and this may install them
	@echo "== servers"; sh integration/install-servers.sh; sh examples/gateway/install.sh; sh integration/browser/install.sh

check: ## gofmt, go vet, and that each module also stands without go.work
	@echo "== gofmt"; bad=$$(gofmt -l .); test -z "$$bad" || { echo "gofmt these files:"; echo "$$bad"; exit 1; }
	@echo "== go vet"; go vet $(ALL)
	@echo "== without go.work"; $(call each,GOWORK=off go list -deps -test ./... >/dev/null)

quick: ## the tests that do not take long, with -race where there is a C compiler
	@test -n "$(RACE)" || echo "!! NO C COMPILER: the tests run WITHOUT the race detector"
	@command -v curl >/dev/null || echo "!! NO CURL: docs/walk.md is NOT walked"
	@echo "== go test -short $(RACE), TZ=$(ZONE)"; TZ=$(ZONE) $(GOTEST) $(FLAGS) -short $(TESTED)

long: ## the tests that take long, in full
	@echo "!! Galera is NOT tested here: make test-galera"
	@echo "!! A cluster of Patroni is NOT tested here: make test-ha"
	@case ",$$APITOKEN_TEST_REQUIRE," in *,gitleaks,*) ;; *) command -v gitleaks >/dev/null || echo "!! NO GITLEAKS: its rule is NOT tried" ;; esac
	@echo "== go test, the long ones, TZ=$(LONG_ZONE)"; TZ=$(LONG_ZONE) $(GOTEST) -long $(FLAGS) $(TESTED)

other: lint oldest-go 386 ## what make test-long does beside the long tests

lint: ## staticcheck; downloads it the first time
	@echo "== staticcheck"; go run $(STATICCHECK) $(ALL)

oldest-go: ## the root module with the oldest Go that go.mod promises; downloads it the first time
	@echo "== $(OLDEST_GO)"; GOTOOLCHAIN=$(OLDEST_GO) GOWORK=off go vet ./... && TZ=$(LONG_ZONE) GOTOOLCHAIN=$(OLDEST_GO) GOWORK=off go test -short -count=1 ./...

386: ## the root module where an int has 32 bits
	@echo "== GOARCH=386"; GOARCH=386 go build ./... && GOARCH=386 go vet ./...

test-galera: servers ## the tests on a Galera cluster of three nodes, which is started for them
	@echo "== Galera"; cd integration && APITOKEN_TEST_GALERA=1 go test -run Galera -count=1 -timeout $(TIMEOUT) ./...

test-ha: ## the tests on a cluster of Patroni in networks of its own, which root makes; APITOKEN_HA_KILLS, _CUTS and _HANGS count
	@echo "== Patroni"; sh integration/install-servers.sh ha; cd integration && APITOKEN_TEST_HA=1 go test -run Patroni -v -count=1 -timeout 3h .

test-upgraded: ## the tests with all dependencies at their newest, in a copy that is thrown away
	@sh integration/test-upgraded.sh

vuln: ## known vulnerabilities of the dependencies, as govulncheck finds them
	@echo "== govulncheck"; $(call each,found=$$(go run $(GOVULNCHECK) ./... 2>&1) && echo "$$found" || { echo "$$found"; \
		echo "$$found" | grep -q "fetching vulnerabilities:" && echo "!! NO DATABASE OF VULNERABILITIES: the dependencies are NOT checked"; })

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
