package sqlstore

// postgresEvents is written in comparisons of rows, as the lists of tokens are, so that the index of the column serves it and no
// other.
var postgresEvents = eventListing{
	from: `
SELECT
	seq, id, at, action, outcome, actor_kind, actor_user, actor_token, owner, token, before_state, after_state,
	reason, count, first_at, origin_address, origin_agent, origin_request
FROM apitoken_events`,

	all: bothWays{
		forth: walk{
			after: `seq > ?`,
			upTo:  `seq <= ?`,
			order: `ORDER BY seq`,
		},
		back: walk{
			after: `seq < ?`,
			upTo:  `seq >= ?`,
			order: `ORDER BY seq DESC`,
		},
	},
	owner: bothWays{
		forth: walk{
			after: `(owner, seq) > (?, ?) AND seq IS NOT NULL`,
			upTo:  `(owner, seq) <= (?, ?)`,
			order: `ORDER BY owner, seq`,
		},
		back: walk{
			after: `(owner, seq) < (?, ?) AND seq IS NOT NULL`,
			upTo:  `(owner, seq) >= (?, ?)`,
			order: `ORDER BY owner DESC, seq DESC`,
		},
	},
	actor: bothWays{
		forth: walk{
			after: `(actor_user, seq) > (?, ?) AND seq IS NOT NULL AND actor_user <> ''`,
			upTo:  `(actor_user, seq) <= (?, ?)`,
			order: `ORDER BY actor_user, seq`,
		},
		back: walk{
			after: `(actor_user, seq) < (?, ?) AND seq IS NOT NULL AND actor_user <> ''`,
			upTo:  `(actor_user, seq) >= (?, ?)`,
			order: `ORDER BY actor_user DESC, seq DESC`,
		},
	},
	action: bothWays{
		forth: walk{
			after: `(action, seq) > (?, ?) AND seq IS NOT NULL`,
			upTo:  `(action, seq) <= (?, ?)`,
			order: `ORDER BY action, seq`,
		},
		back: walk{
			after: `(action, seq) < (?, ?) AND seq IS NOT NULL`,
			upTo:  `(action, seq) >= (?, ?)`,
			order: `ORDER BY action DESC, seq DESC`,
		},
	},
	rare: bothWays{
		forth: walk{
			after: `(outcome, seq) > (?, ?) AND seq IS NOT NULL AND outcome <> 'done'`,
			upTo:  `(outcome, seq) <= (?, ?)`,
			order: `ORDER BY outcome, seq`,
		},
		back: walk{
			after: `(outcome, seq) < (?, ?) AND seq IS NOT NULL AND outcome <> 'done'`,
			upTo:  `(outcome, seq) >= (?, ?)`,
			order: `ORDER BY outcome DESC, seq DESC`,
		},
	},

	filter: eventFilters{
		actor:   `actor_user || '' = ?`,
		action:  `action || '' = ?`,
		outcome: `outcome || '' = ?`,
	},

	limit: `LIMIT ?`,
}
