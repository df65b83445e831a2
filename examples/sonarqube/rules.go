package main

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// The permissions that the actions need: those of the library, and two of this host.
const (
	scan      apitoken.Permission = 1 << (32 + iota) // send reports
	provision                                        // create projects

	signedIn   = apitoken.GenerateOwn // every user has it, and every token that is not for analyses
	administer = apitoken.GenerateForOthers | apitoken.ListAny | apitoken.RevokeAny | apitoken.SetPolicy | apitoken.ManageUsers
	everything = signedIn | scan | provision | administer
)

// The kinds of tokens, by their names in the API.
const (
	userToken       apitoken.Kind = "USER_TOKEN"
	globalAnalysis  apitoken.Kind = "GLOBAL_ANALYSIS_TOKEN"
	projectAnalysis apitoken.Kind = "PROJECT_ANALYSIS_TOKEN"
)

// options are the rules of this host. A token for analyses has the permissions of a scanner, as far as its owner has them at
// that moment, and no others.
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

// actions are the addresses, with the permission that they need and their parameters. A plus marks a parameter that may be
// repeated. If no permission is needed, the request is not authenticated. The result of an action becomes JSON; nil is 204.
var actions = map[string]struct {
	method string
	needs  apitoken.Permission
	takes  string
	do     func(*call) any
}{
	"api/authentication/login":    {"POST", 0, "login password", (*call).signIn},
	"api/authentication/logout":   {"POST", 0, "", (*call).signOut},
	"api/authentication/validate": {"GET", 0, "", (*call).validate},
	"api/ce/submit":               {"POST", scan, "projectKey", (*call).submit},
	"api/projects/create":         {"POST", provision, "project name visibility", (*call).createProject},
	"api/projects/delete":         {"POST", administer, "project", (*call).deleteProject},
	"api/projects/search":         {"GET", administer, "projects q p ps qualifiers", (*call).searchProjects},
	"api/server/version":          {"GET", 0, "", func(*call) any { return version }},
	"api/settings/reset":          {"POST", administer, "keys", (*call).resetSettings},
	"api/settings/set":            {"POST", administer, "key value values+ fieldValues+", (*call).setSetting},
	"api/settings/values":         {"GET", signedIn, "keys", (*call).settingValues},
	"api/system/health":           {"GET", administer, "", func(*call) any { return map[string]any{"health": "GREEN", "causes": []string{}} }},
	"api/system/info":             {"GET", administer, "", func(*call) any { return systemInfo }},
	"api/system/ping":             {"GET", 0, "", func(*call) any { return "pong" }},
	"api/system/status":           {"GET", 0, "", func(*call) any { return map[string]string{"id": "apitoken", "version": version, "status": "UP"} }},
	"api/user_tokens/generate":    {"POST", signedIn, "name login type projectKey expirationDate", (*call).generateToken},
	"api/user_tokens/revoke":      {"POST", signedIn, "name login", (*call).revokeToken},
	"api/user_tokens/search":      {"GET", signedIn, "login", (*call).searchTokens},
	"api/users/change_password":   {"POST", signedIn, "login password previousPassword", (*call).changePassword},
	"api/users/create":            {"POST", administer, "login name password email local scmAccount+", (*call).createUser},
	"api/users/current":           {"GET", 0, "", (*call).currentUser},
	"api/users/deactivate":        {"POST", administer, "login anonymize", (*call).deactivateUser},
	"api/users/search":            {"GET", administer, "q p ps deactivated", (*call).searchUsers},
	"api/users/update":            {"POST", administer, "login name email scmAccount+", (*call).updateUser},
}

// version is the version of SonarQube whose API this offers. Clients read it.
const version = "2026.2.0.1"

var systemInfo = map[string]any{"System": map[string]string{"Version": version, "Edition": "Community"}}
