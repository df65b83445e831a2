package main

import (
	"cmp"
	"crypto/rand"
	"maps"
	"net/http"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// project is a resource that a token for analyses may be bound to, by its ID. A later project of the same key has another ID, so
// the tokens of the earlier one do not open it.
type project struct{ ID, Key, Name, Visibility string }

func (p project) shown() map[string]string {
	return map[string]string{"key": p.Key, "name": p.Name, "qualifier": "TRK", "visibility": cmp.Or(p.Visibility, "private")}
}

// project is the project whose key is in a parameter. An unknown key is 404.
func (c *call) project(parameter string) project {
	key := c.required(parameter, 400)
	p, found := c.state.Load().Projects[key]
	c.refuseIf(!found, refuse(http.StatusNotFound, "Project key '%s' not found", key))
	return p
}

func (c *call) createProject() any {
	p := project{rand.Text(), c.required("project", 400), c.required("name", 500), c.oneOf("visibility", "private", "public")}
	c.change(func(now *state) {
		_, found := now.Projects[p.Key]
		c.wrongIf(found, `Could not create Project with key: "%s". A similar key already exists: "%s"`, p.Key, p.Key)
		now.Projects[p.Key] = p
	})
	return map[string]any{"project": p.shown()}
}

func (c *call) searchProjects() any {
	var found []map[string]string
	c.oneOf("qualifiers", "TRK") // the only one
	projects, wanted := c.state.Load().Projects, c.listed("projects")
	for _, key := range slices.Sorted(maps.Keys(projects)) {
		if p := projects[key]; c.finds(p.Key, p.Name) && (!c.Form.Has("projects") || slices.Contains(wanted, key)) {
			found = append(found, p.shown())
		}
	}
	return page(c, "components", found)
}

// deleteProject revokes the tokens of the project first, so that a failure can be retried. Then it revokes the tokens that were
// generated in between.
func (c *call) deleteProject() any {
	p := c.project("project")
	bound := apitoken.TokenQuery{AnyOwner: true, Resource: p.ID}
	c.revoke(c.unrevoked(bound))
	c.change(func(now *state) { delete(now.Projects, p.Key) })
	return c.revoke(c.unrevoked(bound))
}

// submit accepts the report of a scanner and checks only the permission to send it.
func (c *call) submit() any {
	p := c.project("projectKey")
	c.refuseIf(c.token.Kind == projectAnalysis && c.token.Resource != p.ID, errForbidden)
	return map[string]string{"taskId": rand.Text(), "projectKey": p.Key}
}
