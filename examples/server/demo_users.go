package main

import "github.com/seed-d6cf0a46/apitoken"

// demoUser is a user of the demonstration. left, back and lost are days ago; zero means never.
type demoUser struct {
	apitoken.User
	machine bool
	left    days // disabled
	back    days // enabled again
	lost    days // all tokens revoked
}

// isThere reports whether the user was enabled that many days ago.
func (u demoUser) isThere(ago days) bool {
	return u.left == 0 || ago > u.left || u.back > 0 && ago < u.back
}

// tokenName is the name of the user's n-th token. Names repeat only after the earlier token has expired.
func (u demoUser) tokenName(n int) string {
	names := demoNames
	if u.machine {
		names = demoMachineNames
	}
	return names[(len(u.ID)*3+n)%len(names)]
}

var (
	helpdesk = apitoken.User{ID: "noor", Name: "Noor", Role: roleHelpdesk}
	auditor  = apitoken.User{ID: "ingrid", Name: "Ingrid", Role: roleAuditor}
)

func person(id apitoken.UserID, name string) demoUser {
	return demoUser{User: apitoken.User{ID: id, Name: name, Role: apitoken.RoleUser}}
}

func machine(id apitoken.UserID, name string) demoUser {
	return demoUser{User: apitoken.User{ID: id, Name: name, Role: apitoken.RoleUser}, machine: true}
}

// gone is the user, disabled that many days ago.
func (u demoUser) gone(ago days) demoUser {
	u.left = ago
	return u
}

// returned is the user, enabled again.
func (u demoUser) returned(ago days) demoUser {
	u.back = ago
	return u
}

// robbed is the user whose tokens were all revoked after the loss of a computer.
func (u demoUser) robbed(ago days) demoUser {
	u.lost = ago
	return u
}

var demoUsers = []demoUser{
	{User: apitoken.User{ID: "admin", Name: "The administrator", Role: apitoken.RoleAdmin}},
	{User: apitoken.User{ID: "yuki", Name: "雪", Role: apitoken.RoleAdmin}},
	{User: helpdesk},
	{User: apitoken.User{ID: "mateo", Name: "Mateo", Role: roleHelpdesk}},
	{User: auditor},

	person("bob", "Bob"),
	person("amara", "Amara"),
	person("anneli", "Anneli").robbed(35),
	person("ayşe", "Ayşe"),
	person("björn", "Björn"),
	person("chidi", "Chidi"),
	person("dmitri", "Дмитрий"),
	person("eleni", "Ελένη"),
	person("farid", "فريد"),
	person("goran", "Goran").gone(170),
	person("hana", "하나"),
	person("inês", "Inês"),
	person("kenji", "健二"),
	person("leila", "Leila").gone(200).returned(110),
	person("lin", "林"),
	person("marta", "Marta"),
	person("nikhil", "निखिल"),
	person("noam", "נועם"),
	person("olga", "Ольга").gone(15),
	person("paulo", "Paulo"),
	person("quentin", "Quentin").gone(90),
	person("rosa", "Rosa").robbed(4),
	person("sana", "سناء"),
	person("tomáš", "Tomáš"),
	person("wanjiru", "Wanjirũ"),
	person("zofia", "Zofia"),

	machine("build-agent-01", "Build agent 1"),
	machine("build-agent-02", "Build agent 2"),
	machine("build-agent-03", "Build agent 3").gone(45),
	machine("build-agent-04", "Build agent 4"),
	machine("build-agent-05", "Build agent 5"),
	machine("build-agent-06", "Build agent 6"),
	machine("build-agent-07", "Build agent 7"),
	machine("backup-server", "Backup"),
	machine("monitoring", "Monitoring"),
}

// Names of tokens. No user has more tokens than there are names.
var (
	demoNames = []string{
		"laptop", "phone", "terraform", "editor plug-in", "weekly report", "home office", "release notes script", "dashboard",
		"日報スクリプト", "ночной отчёт", "αντίγραφο", "نسخة احتياطية", "백업 스크립트", "夜间构建", "रात का काम", "spreadsheet import",
		"café display", "conference demo", "old laptop", "cron on rack 4",
	}
	demoMachineNames = []string{
		"nightly build", "deploy staging", "deploy production", "artifact upload", "release signing", "container registry",
		"dependency cache", "test results", "coverage upload", "リリース", "сборка", "health check", "log shipping", "restore test",
		"licence scan", "security scan", "metrics", "mirror", "package index", "changelog bot",
	}
)
