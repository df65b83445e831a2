package sqlstore

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Times, identifiers and states have another form in a column than in Go. The types below read a column straight into its
// field: a *time.Time is scanned as the *timeColumn that it converts to, without a copy and without an allocation.

// timeColumn reads Unix microseconds; NULL is the zero time.
type timeColumn time.Time

// Scan implements [sql.Scanner].
func (t *timeColumn) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = timeColumn{}
	case int64:
		*t = timeColumn(time.UnixMicro(v).UTC())
	default:
		return fmt.Errorf("a time is stored as %T, not as an integer", src)
	}
	return nil
}

// timeArg returns the argument that timeColumn reads back.
func timeArg(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// flagColumn reads 0 or 1; NULL is false.
type flagColumn bool

// Scan implements [sql.Scanner].
func (f *flagColumn) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*f = false
	case int64:
		*f = v != 0
	default:
		return fmt.Errorf("a flag is stored as %T, not as an integer", src)
	}
	return nil
}

// flagArg returns the argument that flagColumn reads back.
func flagArg(f bool) int64 {
	if f {
		return 1
	}
	return 0
}

// permissionsColumn reads the bits of a set of permissions, of which the highest is the sign of the number.
type permissionsColumn apitoken.Permission

// Scan implements [sql.Scanner].
func (p *permissionsColumn) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*p = 0
	case int64:
		*p = permissionsColumn(v)
	default:
		return fmt.Errorf("permissions are stored as %T, not as an integer", src)
	}
	return nil
}

// permissionsArg returns the argument that permissionsColumn reads back.
func permissionsArg(p apitoken.Permission) int64 { return int64(p) }

// idColumn reads the 16 bytes of a UUID; NULL is zero.
type idColumn [16]byte

// Scan implements [sql.Scanner].
func (id *idColumn) Scan(src any) error { return scanBytes(id[:], src) }

// idArg returns the argument that idColumn reads back.
func idArg(id [16]byte) any {
	if id == ([16]byte{}) {
		return nil
	}
	return id[:]
}

// digestColumn reads the bytes of a digest.
type digestColumn apitoken.Digest

// Scan implements [sql.Scanner].
func (d *digestColumn) Scan(src any) error { return scanBytes(d[:], src) }

func scanBytes(dst []byte, src any) error {
	switch v := src.(type) {
	case nil:
		clear(dst)
	case []byte:
		if len(v) != len(dst) {
			return fmt.Errorf("%d bytes are stored, want %d", len(v), len(dst))
		}
		copy(dst, v)
	default:
		return fmt.Errorf("bytes are stored as %T", src)
	}
	return nil
}

// stateColumn reads the JSON of a state; NULL is zero.
type stateColumn apitoken.State

// Scan implements [sql.Scanner].
func (s *stateColumn) Scan(src any) error {
	*s = stateColumn{}
	switch v := src.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), (*apitoken.State)(s))
	case []byte:
		return json.Unmarshal(v, (*apitoken.State)(s))
	}
	return fmt.Errorf("a state is stored as %T", src)
}

// stateArg returns the argument that stateColumn reads back.
func stateArg(s apitoken.State) (any, error) {
	if s == (apitoken.State{}) {
		return nil, nil
	}
	text, err := json.Marshal(s)
	return string(text), err
}

// layers are the limits and exemptions of the policy in their column. Programs of earlier versions know nothing of them: they read
// the strictest maximum from the column of the maximum, and leave this column as it is when they set a policy. So it has the
// maximum, and the revision that it belongs to.
type layers struct {
	Revision   int64                    `json:"revision"`
	Max        time.Duration            `json:"max"`
	Limits     []apitoken.LifetimeLimit `json:"limits,omitempty"`
	Exemptions []apitoken.Exemption     `json:"exemptions,omitempty"`
}

// layersColumn completes a policy whose other columns are read. NULL, and the layers of another revision, leave it as it is.
type layersColumn apitoken.MaxLifetimePolicy

// Scan implements [sql.Scanner].
func (p *layersColumn) Scan(src any) error {
	var text []byte
	switch v := src.(type) {
	case nil:
		return nil
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default:
		return fmt.Errorf("layers are stored as %T", src)
	}
	var l layers
	if err := json.Unmarshal(text, &l); err != nil {
		return fmt.Errorf("layers of the policy: %w", err)
	}
	if l.Revision == p.Revision {
		p.Max, p.Limits, p.Exemptions = l.Max, l.Limits, l.Exemptions
	}
	return nil
}

// layersArg returns the argument that layersColumn reads back.
func layersArg(p apitoken.MaxLifetimePolicy) (any, error) {
	if len(p.Limits) == 0 && len(p.Exemptions) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(layers{p.Revision, p.Max, p.Limits, p.Exemptions})
	return string(text), err
}
