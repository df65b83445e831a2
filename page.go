package apitoken

import "iter"

const (
	defaultPage = 100
	maxPage     = 1000
)

// page is the number of rows a page that a query asks for.
func page(limit int) (int, error) {
	switch {
	case limit == 0:
		return defaultPage, nil
	case limit < 1 || limit > maxPage:
		return 0, invalid("limit", "is %d, 1 to %d are allowed", limit, maxPage)
	}
	return limit, nil
}

// rows turns pages into single rows. It reads the page behind the last row only when the caller comes to it. A limit out
// of range is for read to refuse.
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
