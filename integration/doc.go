// Package integration contains the tests that need more than the library: database drivers and servers, a second implementation
// of the rules, a checker of histories, a browser. It exports nothing.
//
//   - The contract of a store, package storetest, runs on SQLite, on PostgreSQL, on MySQL or MariaDB, on each node of a Galera
//     cluster, and on databases with unusual settings.
//   - The model test runs random sequences of calls on every store and on a simple reference, and compares the results.
//   - The linearizability test runs clients on one store concurrently, and checks the history of their calls.
//   - Planted bugs prove that both find bugs, and that schedules that pause a call in the middle do.
//   - Fault tests fail each call to a driver or a network in turn. Crash tests kill processes, servers and nodes under load. Both
//     compare the stored data with the acknowledged calls.
//   - The OpenAPI document of package adminapi is compared with every recorded exchange of that package. Clients generated from it
//     in TypeScript and Go, in the folder openapi, run against a real handler. The one in TypeScript needs Node.js and npm.
//   - The rest is about the schema, its migrations and query plans, about the feed of events and the last uses.
//   - Package browser uses the administration pages in Chromium.
//
// Package population loads a large host into a database. Package engine starts the servers. The environment variables APITOKEN_TEST_POSTGRES and APITOKEN_TEST_MYSQL name servers that
// run already. APITOKEN_TEST_GALERA=1 starts a cluster; otherwise its tests are skipped. A test whose program or server is
// missing is skipped and says so, or fails if APITOKEN_TEST_REQUIRE lists the name. APITOKEN_SEQUENCES, APITOKEN_HISTORIES and
// APITOKEN_SEED control the model and linearizability tests.
package integration
