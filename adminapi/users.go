package adminapi

import (
	"errors"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/internal/userpath"
)

// userJSON is the form of a user in a response.
type userJSON struct {
	ID          apitoken.UserID `json:"id"`
	Name        string          `json:"name,omitempty"`
	Role        apitoken.Role   `json:"role"`
	CreatedAt   string          `json:"created_at"`
	DisabledAt  string          `json:"disabled_at,omitempty"`
	SuspendedAt string          `json:"suspended_at,omitempty"`
	Service     bool            `json:"service,omitempty"`
	Responsible apitoken.UserID `json:"responsible,omitempty"`
	Revision    int64           `json:"revision"`
}

type userPageJSON struct {
	Users []userJSON      `json:"users"`
	Next  apitoken.UserID `json:"next,omitempty"`
}

func newUserJSON(u apitoken.User) userJSON {
	return userJSON{
		ID: u.ID, Name: u.Name, Role: u.Role,
		CreatedAt: formatTime(u.CreatedAt), DisabledAt: formatTime(u.DisabledAt), SuspendedAt: formatTime(u.SuspendedAt),
		Service: u.Service, Responsible: u.Responsible, Revision: u.Revision,
	}
}

func userResponse(u apitoken.User) response {
	return response{status: http.StatusOK, body: newUserJSON(u), etag: etag(u.Revision)}
}

// ofUser passes the user of the path to a handler. A segment that stands for no user id is [apitoken.ErrNotFound].
func ofUser(do func(r *http.Request, actor apitoken.Actor, id apitoken.UserID) (response, error)) handler {
	return func(r *http.Request, actor apitoken.Actor) (response, error) {
		id, ok := userpath.UserID(r.PathValue("id"))
		if !ok {
			return response{}, apitoken.ErrNotFound
		}
		return do(r, actor, id)
	}
}

func (a *api) listUsers(r *http.Request, actor apitoken.Actor) (response, error) {
	q := readQuery(r)
	responsible, contains := apitoken.UserID(q.text("responsible")), q.text("contains")
	after, limit := apitoken.UserID(q.text("after")), q.limit()
	if q.err != nil {
		return response{}, q.err
	}
	// One more shows whether there is another page.
	users, err := a.manager.ListUsers(r.Context(), actor, apitoken.UserQuery{Responsible: responsible, Contains: contains, After: after, Limit: limit + 1})
	if err != nil {
		return response{}, err
	}
	page := userPageJSON{Users: []userJSON{}}
	if len(users) > limit {
		users = users[:limit]
		page.Next = users[limit-1].ID
	}
	for _, u := range users {
		page.Users = append(page.Users, newUserJSON(u))
	}
	return response{status: http.StatusOK, body: page}, nil
}

func (a *api) user(r *http.Request, actor apitoken.Actor, id apitoken.UserID) (response, error) {
	u, err := a.manager.User(r.Context(), actor, id)
	if err != nil {
		return response{}, err
	}
	return userResponse(u), nil
}

func (a *api) putUser(r *http.Request, actor apitoken.Actor, id apitoken.UserID) (response, error) {
	condition, err := readPrecondition(r)
	if err != nil {
		return response{}, err
	}
	b := readBody(r, "name", "role", "service", "responsible")
	u := apitoken.User{ID: id, Name: b.textOrEmpty("name"), Role: apitoken.Role(b.text("role"))}
	service, responsible := b.boolean("service"), b.optionalText("responsible")
	if b.err != nil {
		return response{}, b.err
	}
	if service != nil {
		u.Service = *service
	}
	if responsible != nil {
		u.Responsible = apitoken.UserID(*responsible)
	}
	if err := needIfMatch(condition, service, responsible); err != nil {
		return response{}, err
	}
	if condition.exists {
		condition, err = a.resolveExistence(r, actor, u.ID)
		if err != nil {
			return response{}, err
		}
	}
	u.Revision = condition.revision
	if u.Revision > 0 { // with a revision, the Manager takes both as they are
		u, err = a.keepService(r, actor, u, service == nil, responsible == nil)
		if err != nil {
			return response{}, err
		}
	}
	u, err = a.manager.PutUser(r.Context(), actor, u)
	if err != nil {
		return response{}, condition.explain(err)
	}
	return userResponse(u), nil
}

// needIfMatch refuses to clear service or responsible of a user at any revision: for the Manager, absent and empty are the same
// then.
func needIfMatch(condition precondition, service *bool, responsible *string) error {
	switch {
	case condition.revision != 0:
		return nil
	case service != nil && !*service:
		return invalid("service", "is false; that needs If-Match with the ETag of the user")
	case responsible != nil && *responsible == "":
		return invalid("responsible", "is empty; that needs If-Match with the ETag of the user")
	}
	return nil
}

// keepService fills in what the request leaves out of Service and Responsible. If the user is not at the revision any more, or
// may not be known to the caller, the Manager refuses the change.
func (a *api) keepService(r *http.Request, actor apitoken.Actor, u apitoken.User, service, responsible bool) (apitoken.User, error) {
	if !service && !responsible {
		return u, nil
	}
	is, err := a.manager.User(r.Context(), actor, u.ID)
	if errors.Is(err, apitoken.ErrNotFound) {
		return u, nil
	}
	if service {
		u.Service = is.Service
	}
	if responsible {
		u.Responsible = is.Responsible
	}
	return u, err
}

// resolveExistence turns the precondition that a user exists into one that the Manager checks. Only ForgetUser removes users, so
// an existing one needs no further check: a request at that moment may create the user again. For one that does not exist, or that the actor may not know of, PutUser
// decides: an actor who may not change users is denied, and does not learn from 412 what exists.
func (a *api) resolveExistence(r *http.Request, actor apitoken.Actor, id apitoken.UserID) (precondition, error) {
	_, err := a.manager.User(r.Context(), actor, id)
	if errors.Is(err, apitoken.ErrNotFound) {
		return precondition{revision: noRevision}, nil
	}
	return precondition{}, err
}

func (a *api) disableUser(r *http.Request, actor apitoken.Actor, id apitoken.UserID) (response, error) {
	return response{}, a.manager.DisableUser(r.Context(), actor, id)
}

func (a *api) enableUser(r *http.Request, actor apitoken.Actor, id apitoken.UserID) (response, error) {
	return response{}, a.manager.EnableUser(r.Context(), actor, id)
}

func (a *api) suspendUser(r *http.Request, actor apitoken.Actor, id apitoken.UserID) (response, error) {
	return response{}, a.manager.SuspendUser(r.Context(), actor, id)
}

func (a *api) resumeUser(r *http.Request, actor apitoken.Actor, id apitoken.UserID) (response, error) {
	return response{}, a.manager.ResumeUser(r.Context(), actor, id)
}
