// Package integration holds the tests that need more than the library itself has: database drivers and servers, a second
// implementation of the rules to compare with, a checker of histories. It exports nothing.
//
//   - The contract of a store, package storetest, runs on SQLite, on PostgreSQL, on MySQL or MariaDB, on each node of a Galera
//     cluster, and on databases that are set up oddly.
//   - The model test runs random sequences of calls on every store and on a simple reference, and compares the answers.
//   - The linearizability test has clients work on one store at the same time, and checks what they saw.
//   - Planted bugs show that both, and schedules that hold a call in the middle, catch what they are there to catch.
//   - Faults are what a driver or a network can answer at each call; crashes kill processes, servers and nodes under load.
//     Both compare what is stored afterwards with what was acknowledged.
//   - The OpenAPI document of package adminapi is held to every exchange on record there, and clients that are generated from it
//     in TypeScript and Go, in the folder openapi, do their work on a real handler. The first needs Node.js and npm.
//   - The rest is about the schema, its migrations and the plans of the queries, about the feed of events and the last uses.
//
// Package engine starts the servers. The environment variables APITOKEN_TEST_POSTGRES and APITOKEN_TEST_MYSQL point the tests
// at servers that run already; APITOKEN_TEST_GALERA=1 starts a cluster, without which its tests are skipped. What is missing
// is skipped and says so, unless APITOKEN_TEST_REQUIRE names it. APITOKEN_SEQUENCES, APITOKEN_HISTORIES and APITOKEN_SEED set
// how much the model and linearizability tests do.
package integration
