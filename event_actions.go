package apitoken

// RecordedActions returns the actions that events have, for the forms and queries of programs that show them. Authentications are
// not among them.
func RecordedActions() []Action {
	return []Action{
		ActionGenerate, ActionImport, ActionOffer, ActionClaim, ActionWithdraw, ActionUpdateToken, ActionNarrow, ActionRotate, ActionReplaced, ActionRevoke, ActionLeaked, ActionRevokeAll, ActionRevokeMany,
		ActionSetPolicy, ActionPlanPolicy,
		ActionPutUser, ActionDisableUser, ActionEnableUser, ActionSuspendUser, ActionResumeUser, ActionForgetUser,
		ActionSweep, ActionLeaseNotices, ActionNoticeSent,
		ActionReadToken, ActionListTokens, ActionListOffers, ActionReadUser, ActionListUsers, ActionReadLifetimes, ActionReadEvents,
	}
}
