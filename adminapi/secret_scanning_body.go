package adminapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// scanned is a text that a scanner has found.
type scanned struct{ token, kind, url, source string }

// readSignature decodes a signature. Every signature has one spelling only.
func readSignature(text string) ([]byte, error) {
	signature, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // DecodeString passes over line breaks
		return nil, &signatureWrong
	}
	return signature, nil
}

// readScanned reads a body whose signature is right. It is as strict as readBody, except that it ignores unknown members: a
// scanner may add some.
func readScanned(body []byte) ([]scanned, error) {
	switch {
	case !utf8.Valid(body):
		return nil, malformed("", "The body is not UTF-8.")
	case !json.Valid(body):
		return nil, malformed("", "The body is not one JSON value.")
	}
	var objects []json.RawMessage
	// The text is valid JSON, so decoding fails only if it is not an array. Null would be an empty one.
	if err := json.Unmarshal(body, &objects); err != nil || objects == nil {
		return nil, malformed("", "The body is not a JSON array.")
	}
	if len(objects) > maxScanned {
		return nil, &scanTooMany
	}
	found := make([]scanned, 0, len(objects))
	for i, object := range objects {
		f, err := readScannedObject(fmt.Sprintf("[%d]", i), object)
		if err != nil {
			return nil, err
		}
		found = append(found, f)
	}
	return found, nil
}

// readScannedObject reads one object of the array; place is its name in an error.
func readScannedObject(place string, object json.RawMessage) (scanned, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	// The text is valid JSON, so neither Token nor Decode fails below.
	if start, _ := decoder.Token(); start != json.Delim('{') {
		return scanned{}, malformed(place, "is not a JSON object")
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		token, _ := decoder.Token()
		name, _ := token.(string)
		if _, repeated := members[name]; repeated {
			return scanned{}, malformed(place+"."+name, "is given more than once")
		}
		var value json.RawMessage
		_ = decoder.Decode(&value)
		members[name] = value
	}
	var f scanned
	for _, member := range []struct {
		name     string
		required bool
		text     *string
	}{{"token", true, &f.token}, {"type", true, &f.kind}, {"url", false, &f.url}, {"source", false, &f.source}} {
		value, given := members[member.name]
		switch {
		case !member.required && (!given || string(value) == "null"):
			continue
		case !given:
			return scanned{}, malformed(place+"."+member.name, "is not given")
		case value[0] != '"':
			return scanned{}, malformed(place+"."+member.name, "is not a string")
		}
		_ = json.Unmarshal(value, member.text)
	}
	return f, nil
}
