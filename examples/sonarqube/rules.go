package main

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// What is needed for the actions: permissions of the library, and two of this host.
const (
	scan      apitoken.Permission = 1 << (32 + iota) // send reports
	provision                                        // create projects

	signedIn   = apitoken.GenerateOwn // everybody has it, and every token that stands for him as a whole
	administer = apitoken.GenerateForOthers | apitoken.ListAny | apitoken.RevokeAny | apitoken.SetPolicy | apitoken.ManageUsers
	everything = signedIn | scan | provision | administer
)

// The kinds of tokens, by the names that the API has for them.
const (
	userToken       apitoken.Kind = "USER_TOKEN"
	globalAnalysis  apitoken.Kind = "GLOBAL_ANALYSIS_TOKEN"
	projectAnalysis apitoken.Kind = "PROJECT_ANALYSIS_TOKEN"
)

// options are the rules of this host. A token for analyses lets a scanner do its work, as far as its owner may at that moment,
// and reaches nothing else.
var options = apitoken.Options{
	Roles: map[apitoken.Role]apitoken.Permission{
		apitoken.RoleUser:  signedIn | scan | provision,
		apitoken.RoleAdmin: everything,
	},
	KindRules: map[apitoken.Kind]apitoken.KindRule{
		userToken:       {Permissions: everything},
		globalAnalysis:  {Permissions: scan | provision, OwnOnly: true},
		projectAnalysis: {Permissions: scan, OwnOnly: true},
	},
	LastUsedStep: time.Hour,
}

// actions are the addresses, with what is needed to use them; where that is nothing, nobody looks who it is. An action
// answers with what becomes JSON, or nil for 204.
var actions = map[string]struct {
	method string
	needs  apitoken.Permission
	do     func(*call) any
}{
	"api/authentication/login":    {"POST", 0, (*call).signIn},
	"api/authentication/logout":   {"POST", 0, (*call).signOut},
	"api/authentication/validate": {"GET", 0, (*call).validate},
	"api/ce/submit":               {"POST", scan, (*call).submit},
	"api/projects/create":         {"POST", provision, (*call).createProject},
	"api/projects/delete":         {"POST", administer, (*call).deleteProject},
	"api/projects/search":         {"GET", administer, (*call).searchProjects},
	"api/server/version":          {"GET", 0, func(*call) any { return version }},
	"api/settings/reset":          {"POST", administer, (*call).resetSettings},
	"api/settings/set":            {"POST", administer, (*call).setSetting},
	"api/settings/values":         {"GET", signedIn, (*call).settingValues},
	"api/system/info":             {"GET", administer, func(*call) any { return systemInfo }},
	"api/system/status":           {"GET", 0, func(*call) any { return systemStatus }},
	"api/user_tokens/generate":    {"POST", signedIn, (*call).generateToken},
	"api/user_tokens/revoke":      {"POST", signedIn, (*call).revokeToken},
	"api/user_tokens/search":      {"GET", signedIn, (*call).searchTokens},
	"api/users/change_password":   {"POST", signedIn, (*call).changePassword},
	"api/users/create":            {"POST", administer, (*call).createUser},
	"api/users/deactivate":        {"POST", administer, (*call).deactivateUser},
	"api/users/search":            {"GET", administer, (*call).searchUsers},
	"api/users/update":            {"POST", administer, (*call).updateUser},
}

// version is the one whose API this speaks. Clients read the numbers.
const version = "2026.2.0.1"

var (
	systemStatus = map[string]string{"id": "apitoken", "version": version, "status": "UP"}
	systemInfo   = map[string]any{"System": map[string]string{"Version": version, "Edition": "Community"}}
)
