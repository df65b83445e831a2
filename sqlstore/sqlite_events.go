package sqlstore

// sqliteEvents reads along the index of a column.
var sqliteEvents = eventListing{
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
			after: `owner = ? AND seq > ?`,
			upTo:  `owner = ? AND seq <= ?`,
			order: `ORDER BY seq`,
		},
		back: walk{
			after: `owner = ? AND seq < ?`,
			upTo:  `owner = ? AND seq >= ?`,
			order: `ORDER BY seq DESC`,
		},
	},
	actor: bothWays{
		forth: walk{
			after: `actor_user = ? AND seq > ? AND actor_user <> ''`,
			upTo:  `actor_user = ? AND seq <= ?`,
			order: `ORDER BY seq`,
		},
		back: walk{
			after: `actor_user = ? AND seq < ? AND actor_user <> ''`,
			upTo:  `actor_user = ? AND seq >= ?`,
			order: `ORDER BY seq DESC`,
		},
	},
	action: bothWays{
		forth: walk{
			after: `action = ? AND seq > ?`,
			upTo:  `action = ? AND seq <= ?`,
			order: `ORDER BY seq`,
		},
		back: walk{
			after: `action = ? AND seq < ?`,
			upTo:  `action = ? AND seq >= ?`,
			order: `ORDER BY seq DESC`,
		},
	},
	rare: bothWays{
		forth: walk{
			after: `outcome = ? AND seq > ? AND outcome <> 'done'`,
			upTo:  `outcome = ? AND seq <= ?`,
			order: `ORDER BY seq`,
		},
		back: walk{
			after: `outcome = ? AND seq < ? AND outcome <> 'done'`,
			upTo:  `outcome = ? AND seq >= ?`,
			order: `ORDER BY seq DESC`,
		},
	},

	filter: eventFilters{
		actor:   `+actor_user = ?`,
		action:  `+action = ?`,
		outcome: `+outcome = ?`,
	},

	limit: `LIMIT ?`,
}
