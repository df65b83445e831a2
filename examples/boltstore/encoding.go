package boltstore

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"iter"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

// Rows are the library's types as JSON. Two promises of the contract rest on what JSON does:
//
//   - Times are written as RFC 3339 with every digit of their microseconds, and come back in UTC. The zero time is the year
//     1 and 1970 is 1970. Where rows hold a number of microseconds instead, the zero time needs a value of its own such as
//     NULL, because 0 is 1970.
//   - Texts come back byte by byte, because the library stores only valid UTF-8.

// get returns the row of a key, or ErrNotFound.
func get[T any](tx *bbolt.Tx, bucket, key []byte) (T, error) {
	row := tx.Bucket(bucket).Get(key)
	if row == nil {
		var none T
		return none, apitoken.ErrNotFound
	}
	return decode[T](row)
}

func decode[T any](row []byte) (v T, err error) {
	err = json.Unmarshal(row, &v)
	return v, err
}

func put(tx *bbolt.Tx, bucket, key []byte, v any) error {
	row, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Bucket(bucket).Put(key, row)
}

// after returns the keys that begin with prefix and come after prefix and key together, in order, with their values. It
// yields the keys without the prefix.
func after(tx *bbolt.Tx, bucket, prefix, key []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		c, start := tx.Bucket(bucket).Cursor(), slices.Concat(prefix, key)
		for k, v := c.Seek(start); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
			if !bytes.Equal(k, start) && !yield(k[len(prefix):], v) {
				return
			}
		}
	}
}

// userPrefix begins the keys of what belongs to a user. No user ID contains a zero byte, so the prefix of "ad" does not select
// what belongs to "ada".
func userPrefix(id apitoken.UserID) []byte { return append([]byte(id), 0) }

// userKey is a key of what belongs to a user.
func userKey(id apitoken.UserID, key []byte) []byte { return append(userPrefix(id), key...) }

// numberKey is a key that sorts as the number does: big-endian. n is not negative.
func numberKey(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func parseNumberKey(key []byte) int64 { return int64(binary.BigEndian.Uint64(key)) }
