package sqlstore

// A page of tokens or events is read in the order of one index, within a range of its keys. The planner must use that index,
// whatever its statistics say. So the other conditions, the filters, are written such that no index serves them.

// tokenListing is the query of a page of tokens in parts.
type tokenListing struct {
	selectPage, selectIDs, selectCount string // everything up to the first condition

	all               indexRange
	owner             indexRange
	resource          indexRange // of tokens that are bound to a resource
	createdBy         indexRange
	createdWith       indexRange // of tokens that were generated with a token
	rareKind          indexRange // of a kind other than the usual one
	withoutExpiration indexRange
	filter            tokenFilters

	byExpiry expiryRange
}

// tokenFilters are the conditions that are evaluated for each row.
type tokenFilters struct {
	revoked           string
	active            string // at a time
	expired           string // at a time
	resource          string
	createdBy         string
	createdWith       string
	onBehalf          string
	kind              string
	withoutExpiration string
	expiresBefore     string
	unusedSince       string // a time, twice
	livesLongerThan   string // microseconds
	nameContains      string
}

// expiryRange reads all tokens that expire in a range of time, whatever their IDs, and then sorts them.
type expiryRange struct {
	between string // from a time, before a time
	after   string // a token
	order   string
}

// lastOfWindow ends the query of a window: how many rows to skip, and two rows.
const lastOfWindow = "LIMIT 2 OFFSET ?"

func (s syntax) tokenListing() tokenListing {
	const notRevoked = `t.revoked_at IS NULL AND e.owner IS NULL AND `
	expiry := s.plainNumber("t.expires_at")
	return tokenListing{
		selectPage: selectToken(effectiveRevocation) + `
FROM apitoken_tokens AS t` + s.joinEpochs,

		selectIDs: `
SELECT t.id
FROM apitoken_tokens AS t`,

		selectCount: `
SELECT count(*)
FROM apitoken_tokens AS t` + s.joinEpochs,

		all:         s.keyRange("t.id", ascending),
		owner:       s.columnRange("t.owner", "t.id", ascending),
		resource:    s.columnRange("t.resource", "t.id", ascending, "t.resource <> ''"),
		createdBy:   s.columnRange("t.created_by", "t.id", ascending),
		createdWith: s.columnRange("t.created_with", "t.id", ascending, "t.created_with IS NOT NULL"),
		rareKind:    s.columnRange("t.kind", "t.id", ascending, "t.kind <> 'user'"),
		withoutExpiration: indexRange{
			after: `t.expires_at IS NULL AND t.id > ?`,
			upTo:  `t.id <= ?`,
			order: `ORDER BY t.id`,
		},

		filter: tokenFilters{
			revoked:           `(t.revoked_at IS NOT NULL OR e.owner IS NOT NULL)`,
			active:            notRevoked + `(t.expires_at IS NULL OR ` + expiry + ` > ?)`,
			expired:           notRevoked + expiry + ` <= ?`,
			resource:          s.plainText("t.resource") + ` = ?`,
			createdBy:         s.plainText("t.created_by") + ` = ?`,
			createdWith:       s.plainText("t.created_with") + ` = ?`,
			onBehalf:          `t.created_by <> t.owner`,
			kind:              s.plainText("t.kind") + ` = ?`,
			withoutExpiration: expiry + ` IS NULL`,
			expiresBefore:     expiry + ` < ?`,
			unusedSince:       `t.created_at < ? AND (t.last_used_at IS NULL OR t.last_used_at < ?)`,
			livesLongerThan:   `(t.expires_at IS NULL OR t.expires_at - t.created_at > ?)`,
			nameContains:      s.containing("t.name"),
		},

		byExpiry: expiryRange{
			between: `t.expires_at >= ? AND t.expires_at < ?`,
			after:   s.plainText("t.id") + ` > ?`,
			order:   `ORDER BY ` + s.plainText("t.id"),
		},
	}
}

// eventListing is the query of a page of events in parts.
type eventListing struct {
	selectPage string // everything up to the first condition

	all         eventRange
	owner       eventRange
	actor       eventRange
	action      eventRange
	rareOutcome eventRange // an outcome other than the usual one
	filter      eventFilters
}

// eventRange is a range in the order of the feed, and against it.
type eventRange struct{ forward, backward indexRange }

// eventFilters are the conditions that are evaluated for each row.
type eventFilters struct{ actor, action, outcome string }

func (s syntax) eventListing() eventListing {
	column := func(name string, conditions ...string) eventRange {
		conditions = append([]string{"seq IS NOT NULL"}, conditions...)
		return eventRange{
			forward:  s.columnRange(name, "seq", ascending, conditions...),
			backward: s.columnRange(name, "seq", descending, conditions...),
		}
	}
	return eventListing{
		selectPage: `
SELECT
	seq, ` + eventColumns + `
FROM apitoken_events`,

		all:         eventRange{s.keyRange("seq", ascending), s.keyRange("seq", descending)},
		owner:       column("owner"),
		actor:       column("actor_user", "actor_user <> ''"),
		action:      column("action"),
		rareOutcome: column("outcome", "outcome <> 'done'"),

		filter: eventFilters{
			actor:   s.plainText("actor_user") + ` = ?`,
			action:  s.plainText("action") + ` = ?`,
			outcome: s.plainText("outcome") + ` = ?`,
		},
	}
}
