// Package browser contains only tests. They use the administration pages in Chromium, as people do and as attackers do.
// The pages are those of the program in ../../examples/server, and those of a host in memory. The clock of that host stands
// still, so every picture of a page is the same.
//
//	go test ./integration/browser
//	go test ./integration/browser -pictures /tmp/pictures    # also saves a picture of every page in every state
//	go test ./integration/browser -update                    # also renews the pictures in docs/pictures
package browser
