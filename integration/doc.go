// Package integration holds the tests that need more than the library itself has: a database driver, a second
// implementation of the rules to compare with, a checker of histories. It exports nothing.
//
//   - The model test runs random sequences of calls on every store and on a simple reference, and compares the answers.
//   - The linearizability test has clients work on one store at the same time, and checks what they saw.
//   - Planted bugs show that both, and schedules that hold a call in the middle, catch what they are there to catch.
//   - The SQLite tests run package storetest on SQLite, and try what only a database can do: fail in the middle, be
//     locked, be opened twice, be of a newer schema.
//
// The environment variables APITOKEN_SEQUENCES, APITOKEN_HISTORIES and APITOKEN_SEED set how much the first two do.
package integration
