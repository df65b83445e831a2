// Package browser has no code but its tests: they use the administration pages in Chromium, as people do and as those do
// who mean no good. They look at the pages of the program in ../server, and at those of a host in memory whose clock stands
// still, so that every picture of a page is the same.
//
//	go test ./examples/browser
//	go test ./examples/browser -pictures /tmp/pictures    # and keep a picture of every page in every state
//	go test ./examples/browser -update                    # and renew the pictures in docs/pictures
package browser
