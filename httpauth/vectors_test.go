package httpauth_test

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// field is one line of a header.
type field struct{ name, value string }

// vector is the header that a client sends, and the response.
type vector struct {
	name   string
	want   reply
	fields []field
}

// vectorSet is the vectors for one set of options.
type vectorSet struct {
	name    string
	opts    *httpauth.Options
	vectors []vector
}

// vectorSets returns all vectors that can be sent over both HTTP/1.1 and HTTP/2. The token is one that passes.
func vectorSets(token string) []vectorSet {
	both := slices.Concat(bearerVectors(token, true), basicVectors(token), headerVectors(token, true), pairVectors(token))
	for i := range both {
		both[i].want = both[i].want.offeringBasic()
	}
	return []vectorSet{
		{"Bearer", nil, slices.Concat(bearerVectors(token, false), offVectors(token))},
		{"Bearer and X-API-Key", &httpauth.Options{Header: "X-API-Key"}, headerVectors(token, false)},
		{"everything", &httpauth.Options{Header: "X-API-Key", Basic: true}, both},
	}
}

func auth(values ...string) []field { return fieldsOf("Authorization", values) }
func key(values ...string) []field  { return fieldsOf("X-API-Key", values) }

func fieldsOf(name string, values []string) []field {
	var fields []field
	for _, value := range values {
		fields = append(fields, field{name, value})
	}
	return fields
}

func basic(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// bearerVectors returns vectors for the scheme Bearer. Its syntax does not depend on the options, so a short list is enough for
// other options.
func bearerVectors(token string, short bool) []vector {
	common := []vector{
		{"no header", unauthenticated, nil},
		{"an empty value", unauthenticated, auth("")},
		{"a token", passed, auth("Bearer " + token)},
		{"two spaces", passed, auth("Bearer  " + token)},
		{"the scheme alone", invalidRequest, auth("Bearer")},
		{"a tab after the scheme", invalidRequest, auth("Bearer\t" + token)},
		{"two tokens and a comma", invalidRequest, auth("Bearer " + token + "," + token)},
		{"the header twice", invalidRequest, auth("Bearer "+token, "Bearer "+token)},
		{"another scheme", unauthenticated, auth("Digest username=\"ada\", realm=\"x\"")},
		{"a text that is no token", invalidToken, auth("Bearer abc")},
		{"a value of nearly a mebibyte", invalidToken, auth("Bearer " + strings.Repeat("x", 1<<20-1000))},
		{"a NUL", refusedByServer, auth("Bearer \x00" + token)},
	}
	if short {
		return common
	}
	return append(common, []vector{
		{"a cookie", unauthenticated, []field{{"Cookie", "Authorization=Bearer " + token + "; access_token=" + token}}},
		{"a header of a proxy", unauthenticated, []field{{"Proxy-Authorization", "Bearer " + token}}},
		{"a name with an underscore", unauthenticated, []field{{"Authorization_", "Bearer " + token}}},
		{"what a proxy forwards", unauthenticated, []field{{"X-Forwarded-Authorization", "Bearer " + token}}},
		{"a name of our own responses", unauthenticated, []field{{httpauth.UserHeader, "ada"}}},
		{"a value of spaces", unauthenticated, auth("   \t ")},

		{"space and tab around the value", passed, auth(" \t Bearer " + token + " \t")},
		{"the scheme in lower case", passed, auth("bearer " + token)},
		{"the scheme in any case", passed, auth("bEaReR " + token)},
		{"many spaces", passed, auth("Bearer" + strings.Repeat(" ", 40) + token)},
		{"as long as is looked at", passed, auth("Bearer" + strings.Repeat(" ", httpauth.MaxCredentials-len(token)) + token)},
		{"longer than is looked at", invalidToken, auth("Bearer" + strings.Repeat(" ", httpauth.MaxCredentials-len(token)+1) + token)},

		{"the scheme and a space", invalidRequest, auth("Bearer ")},
		{"a tab after the space", invalidRequest, auth("Bearer \t" + token)},
		{"a tab and a space", invalidRequest, auth("Bearer\t " + token)},
		{"a comma after the scheme", invalidRequest, auth("Bearer," + token)},
		{"a colon after the scheme", invalidRequest, auth("Bearer: " + token)},
		{"an equals sign after the scheme", invalidRequest, auth("Bearer=" + token)},
		{"a no-break space after the scheme", invalidRequest, auth("Bearer\u00a0" + token)},
		{"two tokens and a space", invalidRequest, auth("Bearer " + token + " " + token)},
		{"two tokens and a tab", invalidRequest, auth("Bearer " + token + "\t" + token)},
		{"the scheme twice", invalidRequest, auth("Bearer Bearer " + token)},
		{"a comma at the end", invalidRequest, auth("Bearer " + token + ",")},
		{"a comma in front", invalidRequest, auth("Bearer ," + token)},
		{"a second scheme", invalidRequest, auth("Bearer " + token + ", Basic YTpi")},
		{"a parameter", invalidRequest, auth("Bearer " + token + " realm=\"x\"")},
		{"the header twice, once empty", invalidRequest, auth("", "Bearer "+token)},
		{"the header twice, two schemes", invalidRequest, auth("Bearer "+token, "Basic YTpi")},
		{"the header twice, ours second", invalidRequest, auth("Basic YTpi", "Bearer "+token)},

		{"another scheme and then ours", unauthenticated, auth("Basic YTpi, Bearer " + token)},
		{"another scheme that begins like ours", unauthenticated, auth("Bearers " + token)},
		{"another scheme that begins like ours, with a hyphen", unauthenticated, auth("Bearer-Token " + token)},
		{"another scheme that ours begins like", unauthenticated, auth("Bear " + token)},
		{"another scheme, of others' tokens", unauthenticated, auth("token " + token)},
		{"another scheme, very long", unauthenticated, auth("Negotiate " + strings.Repeat("x", 20_000))},
		{"a token without a scheme", unauthenticated, auth(token)},
		{"a scheme in quotes", unauthenticated, auth("\"Bearer\" " + token)},
		{"a comma in front of the scheme", unauthenticated, auth(", Bearer " + token)},
		{"a byte order mark in front of the scheme", unauthenticated, auth("\ufeffBearer " + token)},
		{"a scheme in letters that only fold to ours", unauthenticated, auth("BE\uff21RER " + token)},

		{"a no-break space after the token", invalidToken, auth("Bearer " + token + "\u00a0")},
		{"a zero-width space after the token", invalidToken, auth("Bearer " + token + "\u200b")},
		{"bytes that are not UTF-8", invalidToken, auth("Bearer " + token + "\xff")},
		{"a letter that folds to one of the token", invalidToken, auth("Bearer to\u212a" + token[3:])},
		{"the token in quotes", invalidToken, auth("Bearer \"" + token + "\"")},
		{"the token and one character more", invalidToken, auth("Bearer " + token + "0")},
		{"a very long value with a comma", invalidToken, auth("Bearer a," + strings.Repeat("x", 2000))},

		{"a vertical tab", refusedByServer, auth("Bearer\v" + token)},
		{"a form feed", refusedByServer, auth("Bearer " + token + "\f")},
		{"an escape", refusedByServer, auth("Bearer \x1b" + token)},
		{"a DEL", refusedByServer, auth("Bearer " + token + "\x7f")},
		{"a CR in the middle", refusedByServer, auth("Bearer " + token + "\rX: y")},
	}...)
}

// offVectors present tokens in places that are off by default.
func offVectors(token string) []vector {
	return []vector{
		{"Basic, when it is off", unauthenticated, auth("Basic " + basic(token+":"))},
		{"Basic with a login, when it is off", unauthenticated, auth("Basic YTpi")},
		{"Basic that cannot be decoded, when it is off", unauthenticated, auth("Basic !")},
		{"X-API-Key, when it is off", unauthenticated, key(token)},
		{"X-API-Key twice, when it is off", unauthenticated, key(token, token)},
		{"X-API-Key beside a token, when it is off", passed, append(auth("Bearer "+token), key("x, y")...)},
	}
}

func basicVectors(token string) []vector {
	credentials := basic(token + ":")
	return []vector{
		{"Basic", passed, auth("Basic " + credentials)},
		{"Basic in lower case", passed, auth("basic " + credentials)},
		{"Basic and two spaces", passed, auth("Basic  " + credentials)},
		{"Basic alone", invalidRequest, auth("Basic")},
		{"Basic and a space", invalidRequest, auth("Basic ")},
		{"Basic and a tab", invalidRequest, auth("Basic\t" + credentials)},
		{"Basic twice in one", invalidRequest, auth("Basic " + credentials + ", Basic " + credentials)},
		{"Basic and then Bearer", invalidRequest, auth("Basic " + credentials + ", Bearer " + token)},
		{"Basic twice", invalidRequest, auth("Basic "+credentials, "Basic "+credentials)},
		{"Basic and Bearer", invalidRequest, auth("Basic "+credentials, "Bearer "+token)},
		{"Basic that is no base64", invalidRequest, auth("Basic " + token)},
		{"Basic without padding", invalidRequest, auth("Basic " + strings.TrimRight(basic(token+"::"), "="))},
		{"Basic with bits to spare", invalidRequest, auth("Basic YWJjOh==")}, // abc: is YWJjOg==
		{"Basic without a colon", invalidRequest, auth("Basic " + basic(token))},
		{"Basic with nothing but a colon", invalidRequest, auth("Basic " + basic(":"))},
		{"Basic with a password", unauthenticated, auth("Basic " + basic("ada:secret"))},
		{"Basic with the token as password", unauthenticated, auth("Basic " + basic("ada:"+token))},
		{"Basic with nothing but the token as password", unauthenticated, auth("Basic " + basic(":"+token))},
		{"Basic with the token twice", unauthenticated, auth("Basic " + basic(token+":"+token))},
		{"Basic with a colon as password", unauthenticated, auth("Basic " + basic(token+"::"))},
		{"Basic with a user name that is no token", invalidToken, auth("Basic " + basic("ada:"))},
		{"Basic with a space in front of the token", invalidToken, auth("Basic " + basic(" "+token+":"))},
		{"Basic with a line end after the token", invalidToken, auth("Basic " + basic(token+"\r\n:"))},
		{"Basic with a NUL after the token", invalidToken, auth("Basic " + basic(token+"\x00:"))},
		{"Basic, very long", invalidToken, auth("Basic " + strings.Repeat("YWJj", 129))},
		{"a scheme that begins like Basic", unauthenticated, auth("Basics " + credentials)},
	}
}

func headerVectors(token string, short bool) []vector {
	common := []vector{
		{"a key", passed, key(token)},
		{"a key with space around", passed, key(" \t" + token + " ")},
		{"a key that is no token", invalidToken, key("abc")},
		{"two keys", invalidRequest, key(token, token)},
		{"an empty key", unauthenticated, key("")},
		{"a key and a token", invalidRequest, append(auth("Bearer "+token), key(token)...)},
	}
	if short {
		return common
	}
	return append(common, []vector{
		{"a key in a list", invalidRequest, key(token + ", " + token)},
		{"two words", invalidRequest, key(token + " " + token)},
		{"a key with a scheme", invalidRequest, key("Bearer " + token)},
		{"two keys, one empty", invalidRequest, key("", token)},
		{"a key in quotes", invalidToken, key("\"" + token + "\"")},
		{"a key and a no-break space", invalidToken, key(token + "\u00a0")},
		{"a key that is very long", invalidToken, key(strings.Repeat("x", httpauth.MaxCredentials+1))},
		{"a key of nearly a mebibyte", invalidToken, key(strings.Repeat("x", 1<<20-1000))},
		{"a key with a NUL", refusedByServer, key(token + "\x00")},
		{"a key and another one that is no token", invalidRequest, append(auth("Bearer abc"), key(token)...)},
		{"a key that is no token and a token", invalidRequest, append(auth("Bearer "+token), key("abc")...)},
		{"a key and the scheme alone", invalidRequest, append(auth("Bearer"), key(token)...)},
		{"a key and the header twice", invalidRequest, append(auth("Digest a", "Digest b"), key(token)...)},
		{"a key and an empty header", passed, append(auth(""), key(token)...)},
		{"an empty key and a token", passed, append(auth("Bearer "+token), key("")...)},
		{"a key beside the login of a proxy", passed, append(auth("Basic YTpi"), key(token)...)},
		{"a bad key beside the login of a proxy", invalidToken, append(auth("Basic YTpi"), key("abc")...)},
		{"an empty key beside the login of a proxy", unauthenticated, append(auth("Basic YTpi"), key("")...)},
		{"the name of the key with an underscore", unauthenticated, []field{{"X_API_Key", token}}},
		{"a token without a key", passed, auth("Bearer " + token)},
	}...)
}

// pairVectors present credentials in two places.
func pairVectors(token string) []vector {
	return []vector{
		{"a key and Basic", invalidRequest, append(auth("Basic "+basic(token+":")), key(token)...)},
		{"a key and Basic that is no token", invalidRequest, append(auth("Basic "+basic("ada:")), key(token)...)},
		{"a key and Basic that cannot be decoded", invalidRequest, append(auth("Basic !"), key(token)...)},
		{"a key and a login", passed, append(auth("Basic "+basic("ada:secret")), key(token)...)},
	}
}
