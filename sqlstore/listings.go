package sqlstore

// A page of tokens or events is read in the order of one index, within a range of its keys. The planner must use that index,
// whatever its statistics say. So the other conditions, the filters, are written such that no index serves them.

// tokenListing is the query of a page of tokens in parts.
type tokenListing struct {
	selectPage, selectIDs, selectEnds, selectCount string // everything up to the first condition

	tally tallyParts

	all               orderedRange
	owner             orderedRange
	resource          orderedRange // of tokens that are bound to a resource
	hint              orderedRange
	createdBy         orderedRange
	createdWith       orderedRange // of tokens that were generated with a token
	rareKind          orderedRange // of a kind other than the usual one
	withoutExpiration orderedRange
	byEnd             indexRange // of tokens that expire, in that order
	repeatsEnd        bool       // a key of byEnd has the expiry twice
	filter            tokenFilters

	byExpiry expiryRange
	sorted   sortedRange
}

// orderedRange is a range in an order, and against it.
type orderedRange struct{ forward, backward indexRange }

// has reports whether a range is one of the two.
func (o orderedRange) has(r indexRange) bool { return r == o.forward || r == o.backward }

// tallyParts is the query of the number of tokens in each state, and of all tokens in an index range as the state 0. Both parts are
// followed by the same range, the first one also by the filters. So epochs are looked up only for tokens that the filters select.
type tallyParts struct{ states, examined string }

// tokenFilters are the conditions that are evaluated for each row.
type tokenFilters struct {
	revoked           string
	active            string // at a time
	expired           string // at a time
	owner             string
	resource          string
	createdBy         string
	createdWith       string
	onBehalf          string
	hint              string
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

	after, before        string // a token
	order, orderBackward string
}

// sortedRange are the conditions of tokens that are read by another index and then sorted by expiry.
type sortedRange struct {
	count  string // everything up to the range
	after  string // an expiry, twice, and a token
	before string // an expiry
	order  string
}

// lastOfWindow ends the query of a window: how many rows to skip, and two rows.
const lastOfWindow = "LIMIT 2 OFFSET ?"

func (s syntax) tokenListing() tokenListing {
	const notRevoked = `t.revoked_at IS NULL AND e.owner IS NULL AND `
	const isRevoked = `(t.revoked_at IS NOT NULL OR e.owner IS NOT NULL)`
	expiry := s.plainNumber("t.expires_at")
	column := func(name string, conditions ...string) orderedRange {
		return orderedRange{s.columnRange(name, "t.id", ascending, conditions...), s.columnRange(name, "t.id", descending, conditions...)}
	}
	byEnd, repeatsEnd := s.pairRange("t.expires_at", "t.id")
	byEnd.after = "t.expires_at IS NOT NULL AND " + byEnd.after // the condition of the index
	return tokenListing{
		selectPage: selectToken(effectiveRevocation) + `
FROM apitoken_tokens AS t` + s.joinEpochs,

		selectIDs: `
SELECT t.id
FROM apitoken_tokens AS t`,

		selectEnds: `
SELECT t.id, t.expires_at
FROM apitoken_tokens AS t`,

		selectCount: `
SELECT count(*)
FROM apitoken_tokens AS t` + s.joinEpochs,

		tally: tallyParts{
			states: `
SELECT CASE WHEN ` + isRevoked + ` THEN 3 WHEN ` + expiry + ` <= ? THEN 2 ELSE 1 END AS bucket, count(*)
FROM apitoken_tokens AS t` + s.joinEpochs,
			examined: `
GROUP BY bucket
UNION ALL
SELECT 0, count(*)
FROM apitoken_tokens AS t`,
		},

		all:         orderedRange{s.keyRange("t.id", ascending), s.keyRange("t.id", descending)},
		owner:       column("t.owner"),
		resource:    column("t.resource", "t.resource <> ''"),
		hint:        column("t.hint"),
		createdBy:   column("t.created_by"),
		createdWith: column("t.created_with", "t.created_with IS NOT NULL"),
		rareKind:    column("t.kind", "t.kind <> 'user'"),
		withoutExpiration: orderedRange{
			indexRange{
				after: `t.expires_at IS NULL AND t.id > ?`,
				upTo:  `t.id <= ?`,
				order: `ORDER BY t.id`,
			},
			indexRange{
				after: `t.expires_at IS NULL AND t.id < ?`,
				upTo:  `t.id >= ?`,
				order: `ORDER BY t.id DESC`,
			},
		},
		byEnd:      byEnd,
		repeatsEnd: repeatsEnd,

		filter: tokenFilters{
			revoked:           isRevoked,
			active:            notRevoked + `(t.expires_at IS NULL OR ` + expiry + ` > ?)`,
			expired:           notRevoked + expiry + ` <= ?`,
			owner:             s.plainText("t.owner") + ` = ?`,
			resource:          s.plainText("t.resource") + ` = ?`,
			createdBy:         s.plainText("t.created_by") + ` = ?`,
			createdWith:       s.plainText("t.created_with") + ` = ?`,
			hint:              s.plainText("t.hint") + ` = ?`,
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

			after:         s.plainText("t.id") + ` > ?`,
			before:        s.plainText("t.id") + ` < ?`,
			order:         `ORDER BY ` + s.plainText("t.id"),
			orderBackward: `ORDER BY ` + s.plainText("t.id") + ` DESC`,
		},

		sorted: sortedRange{
			count: `
SELECT count(*)
FROM (
SELECT 1 FROM apitoken_tokens AS t`,

			after:  `(` + expiry + ` > ? OR ` + expiry + ` = ? AND ` + s.plainText("t.id") + ` > ?)`,
			before: expiry + ` < ?`,
			order:  `ORDER BY ` + expiry + `, ` + s.plainText("t.id"),
		},
	}
}

// eventListing is the query of a page of events in parts.
type eventListing struct {
	selectPage string // everything up to the first condition

	all         orderedRange
	owner       orderedRange
	actor       orderedRange
	action      orderedRange
	token       orderedRange // of events about a token
	rareOutcome orderedRange // an outcome other than the usual one
	filter      eventFilters

	byTime timeRange
}

// timeRange reads all events in a range of time, whatever their numbers, and then sorts them.
type timeRange struct {
	between              string // from a time, before a time
	after, before        string // a number
	order, orderBackward string
}

// eventFilters are the conditions that are evaluated for each row.
type eventFilters struct{ owner, actor, action, outcome, since, before string }

func (s syntax) eventListing() eventListing {
	column := func(name string, conditions ...string) orderedRange {
		conditions = append([]string{"seq IS NOT NULL"}, conditions...)
		return orderedRange{
			forward:  s.columnRange(name, "seq", ascending, conditions...).unestimated(name == "token"),
			backward: s.columnRange(name, "seq", descending, conditions...).unestimated(name == "token"),
		}
	}
	return eventListing{
		selectPage: `
SELECT
	seq, ` + eventColumns + `
FROM apitoken_events`,

		all:         orderedRange{s.keyRange("seq", ascending), s.keyRange("seq", descending)},
		owner:       column("owner"),
		actor:       column("actor_user", "actor_user <> ''"),
		action:      column("action"),
		token:       column("token", "token IS NOT NULL"),
		rareOutcome: column("outcome", "outcome <> 'done'"),

		filter: eventFilters{
			actor:   s.plainText("actor_user") + ` = ?`,
			action:  s.plainText("action") + ` = ?`,
			owner:   s.plainText("owner") + ` = ?`,
			outcome: s.plainText("outcome") + ` = ?`,
			since:   s.plainNumber("at") + ` >= ?`,
			before:  s.plainNumber("at") + ` < ?`,
		},

		byTime: timeRange{
			between:       `at >= ? AND at < ? AND seq IS NOT NULL`,
			after:         s.plainNumber("seq") + ` > ?`,
			before:        s.plainNumber("seq") + ` < ?`,
			order:         `ORDER BY ` + s.plainNumber("seq"),
			orderBackward: `ORDER BY ` + s.plainNumber("seq") + ` DESC`,
		},
	}
}
