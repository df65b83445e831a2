package sqlstore

import "errors"

// codeOf returns the first code, other than 0, of an error or of those that it wraps; 0 if there is none.
func codeOf(err error, code func(error) int) int {
	for ; err != nil; err = errors.Unwrap(err) {
		if n := code(err); n != 0 {
			return n
		}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, one := range joined.Unwrap() {
				if n := codeOf(one, code); n != 0 {
					return n
				}
			}
		}
	}
	return 0
}
