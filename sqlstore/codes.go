package sqlstore

import "errors"

// codeOf is the first code, not 0, that an error carries, itself or one that it wraps. 0: none does.
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
