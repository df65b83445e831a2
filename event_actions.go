package apitoken

// RecordedActions returns the actions that events have, for the forms and queries of programs that show them. Authentications are
// not among them.
func RecordedActions() []Action {
	return []Action{
		ActionGenerate, ActionImport, ActionUpdateToken, ActionNarrow, ActionRevoke, ActionLeaked, ActionRevokeAll, ActionRevokeMany,
		ActionSetPolicy, ActionPlanPolicy,
		ActionPutUser, ActionDisableUser, ActionEnableUser, ActionSuspendUser, ActionResumeUser, ActionForgetUser,
		ActionSweep, ActionLeaseNotices, ActionNoticeSent,
		ActionReadToken, ActionListTokens, ActionReadUser, ActionListUsers, ActionReadLifetimes, ActionReadEvents,
	}
}
