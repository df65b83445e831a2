package apitoken

import "iter"

const (
	defaultPage = 100
	maxPage     = 1000
)

// page returns the number of rows per page that a query asks for.
func page(limit int) (int, error) {
	switch {
	case limit == 0:
		return defaultPage, nil
	case limit < 1 || limit > maxPage:
		return 0, invalid("limit", "is %d, 1 to %d are allowed", limit, maxPage)
	}
	return limit, nil
}

// rows iterates over the rows of all pages. It reads the next page only when the caller gets there. read refuses a limit that
// is out of range.
func rows[T any](limit int, read func(last *T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		size, _ := page(limit)
		var last *T
		for {
			page, err := read(last)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
			}
			if len(page) < size {
				return
			}
			last = &page[len(page)-1]
		}
	}
}
