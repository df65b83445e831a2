package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// maxLifetime is the setting for the library's policy. Other settings are only stored and returned.
const maxLifetime = "sonar.auth.token.max.allowed.lifetime"

var lifetimes = map[string]time.Duration{
	"30 days": apitoken.Days(30), "90 days": apitoken.Days(90), "1 year": apitoken.Days(365), "No expiration": apitoken.NoExpiration,
}

type setting struct {
	Key         string            `json:"key"`
	Value       string            `json:"value,omitempty"`
	Values      []string          `json:"values,omitempty"`
	FieldValues []json.RawMessage `json:"fieldValues,omitempty"`
	Inherited   bool              `json:"inherited"` // not set
}

// settingValues returns the settings of the given keys, or all. The values of secured settings are never returned.
func (c *call) settingValues() any {
	policy, err := c.manager.Policy(c.Context())
	c.keep(err)
	all := maps.Clone(c.state.Load().Settings)
	for name, max := range lifetimes {
		if max == policy.Max {
			all[maxLifetime] = setting{Key: maxLifetime, Value: name, Inherited: max == apitoken.NoExpiration}
		}
	}
	keys, shown, secured := c.listed("keys"), []setting{}, []string{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		switch {
		case len(keys) > 0 && !slices.Contains(keys, key):
		case strings.HasSuffix(key, ".secured"):
			secured = append(secured, key)
		default:
			shown = append(shown, all[key])
		}
	}
	return map[string]any{"settings": shown, "setSecuredSettings": secured}
}

func (c *call) setSetting() any {
	one := setting{Key: c.required("key", 255), Value: c.short("value", 4000), Values: c.Form["values"]}
	for _, text := range c.Form["fieldValues"] {
		c.wrongIf(!strings.HasPrefix(text, "{") || !json.Valid([]byte(text)), "JSON '%s' does not respect expected format for setting '%s'", text, one.Key)
		one.FieldValues = append(one.FieldValues, json.RawMessage(text))
	}
	c.wrongIf(len(c.Form) != 2 || c.Form.Has("value") && one.Value == "", "Either 'value', 'values' or 'fieldValues' must be provided")
	if one.Key == maxLifetime {
		return c.setMaxLifetime(one.Value)
	}
	return c.change(func(now *state) { now.Settings[one.Key] = one })
}

// setMaxLifetime sets the maximum for tokens that are generated afterwards.
func (c *call) setMaxLifetime(name string) any {
	policy := apitoken.MaxLifetimePolicy{Max: lifetimes[name]}
	c.wrongIf(policy.Max == 0, `No token expiration interval with name "%s" found.`, name)
	return c.do(func() error { return errorOf(c.manager.SetPolicy(c.Context(), c.actor, policy)) })
}

func (c *call) resetSettings() any {
	c.required("keys", 4000)
	c.change(func(now *state) {
		maps.DeleteFunc(now.Settings, func(key string, _ setting) bool { return slices.Contains(c.listed("keys"), key) })
	})
	if slices.Contains(c.listed("keys"), maxLifetime) {
		c.setMaxLifetime("No expiration")
	}
	return nil
}
