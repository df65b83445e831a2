package adminapi

import (
	"regexp"
	"time"
)

// instantPattern is a time of RFC 3339 as the OpenAPI document has it: T and Z in capitals, no leap second, an offset of
// less than a day. [time.Parse] accepts more, such as an hour of one digit, a comma and an offset of +24:00.
var instantPattern = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`)

const notInstant = "is not a time of RFC 3339, like 2026-01-31T12:00:00Z"

// parseInstant reads a time. The pattern knows no calendar, so [time.Parse] refuses 31 February.
func parseInstant(text string) (at time.Time, ok bool) {
	if !instantPattern.MatchString(text) {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil
}
