module github.com/seed-d6cf0a46/apitoken

go 1.25

require (
	github.com/benbjohnson/clock v1.3.5
	github.com/google/go-cmp v0.7.0
	github.com/google/uuid v1.6.0
)
