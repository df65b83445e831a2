// Package examples contains programs to read and to run. It has no code of its own.
//
//   - quickstart shows each step in memory, with a clock that it moves. Begin here: go run ./examples/quickstart
//   - server is a small application with a login, a protected route, and the administration as pages and as JSON, over
//     SQLite, PostgreSQL, MySQL or MariaDB: go run ./examples/server
//   - metrics counts what the library decides, for Prometheus: go run ./examples/metrics
//   - scanning redacts the tokens in a log, and prints a rule with which gitleaks finds them:
//     go run ./examples/scanning -prefix acme -gitleaks
//   - gateway has configurations for nginx, Caddy and Apache in front of an application in any language:
//     go run ./examples/gateway/demo
//   - import brings the API keys of an old table along: go run ./examples/import
//   - replicas runs three replicas on one PostgreSQL, each with a cache: go run ./examples/replicas -db postgres://...
//   - notices mails people before their tokens expire: go run ./examples/notices -db tokens.db
//   - boltstore is a store on an embedded database, the model for a store of your own
//   - sonarqube is a server that offers the token API of another product: go run ./examples/sonarqube
//   - frameworks puts the middleware in front of the routers of net/http, chi and gin, to copy from
//   - mcp is a server of the Model Context Protocol whose tools need a token: go run ./examples/mcp
//   - leaks revokes a token that a secret scanner reports: go run ./examples/leaks
//   - grpc has interceptors for a gRPC server, to copy from
//
// The examples are a module of their own, so a host that embeds the library does not depend on what they import. The tests run
// the programs, and compare docs/walk.md with what the programs print.
package examples
