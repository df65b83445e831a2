#!/bin/sh
# Tests the library with all dependencies at their newest: the tests of the root module run, those of the nested modules are
# built. It works in a copy that it removes, and changes nothing here.
set -eu

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' HUP INT TERM
git ls-files --cached --others --exclude-standard | tar -cf - -T - | tar -xf - -C "$copy"
cd "$copy"

modules=$(go list -m -f '{{.Dir}}')
for dir in $modules; do
	echo "-- newest dependencies of ${dir#"$copy"}/"
	(cd "$dir" && go get -u -t ./... && go mod tidy) </dev/null
done
go work sync
go vet $(go list -m -f '{{.Dir}}/...')
go test -short -count=1 ./...
