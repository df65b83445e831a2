// Package examples holds programs to read and to run, and no code of its own:
//
//   - quickstart shows each step in memory, with a clock that it moves: go run ./examples/quickstart
//   - server is a small application with a login, a protected route, and the administration as pages and as JSON, over
//     SQLite, PostgreSQL, MySQL or MariaDB: go run ./examples/server
//   - metrics counts what the library decides, for Prometheus: go run ./examples/metrics
//   - scanning takes tokens out of a log, and writes the rule with which gitleaks finds them:
//     go run ./examples/scanning -prefix acme -gitleaks
//   - gateway has configurations for nginx, Caddy and Apache in front of an application in any language:
//     go run ./examples/gateway/demo
//   - boltstore is a store of one's own on an embedded database, the model for others
//   - sonarqube is a server of one's own that speaks the token API of another product: go run ./examples/sonarqube
//   - browser has no program but tests, which use the administration pages in Chromium
//   - frameworks has the middleware in front of the routers of net/http, chi and gin, to copy from
//   - grpc has interceptors for a gRPC server, to copy from
//
// They are a module of their own, so that whoever embeds the library does not depend on what they use. Its tests run the
// programs and hold docs/walk.md to what they print.
package examples
