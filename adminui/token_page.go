package adminui

import (
	"net/http"
	"net/url"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	eventsOfToken   = 10 // the number of events on the page of a token
	childrenOfToken = 20 // the number of tokens that it names as generated with the token
)

// tokenPage is everything about one token. Its forms are on the pages that it links to.
type tokenPage struct {
	tokenRow
	Parent          tokenLink // with which it was generated
	Before, After   tokenLink // which it replaces, and which replaces it
	Creator         link      // its Path is empty if the visitor may not see the creator
	Revoked         moment
	OwnerSuspended  bool // so the token is refused, whatever its status is
	Revoker         link // its Path is empty if the visitor may not see who revoked it
	Children        []tokenRow
	MoreChildren    bool
	ChildrenURL     string // the list of them; empty: the visitor may not list tokens of others
	Events          []eventRow
	MayReadEvents   bool
	AllEvents       string // the address of the events of this token
	BackToThis      []field
	BackToThisQuery string
}

// tokenLink is another token that a page names.
type tokenLink struct {
	ID  apitoken.TokenID
	URL string // empty: the visitor may not see it
}

func (v *visit) aboutToken() error {
	t, err := v.token()
	if err != nil {
		return err
	}
	page := tokenPage{
		tokenRow:   v.row(t),
		Parent:     v.tokenLink(t.CreatedWith, t.CreatedBy), // the creator owns the token that they used
		Before:     v.tokenLink(t.Replaces, t.Owner),
		After:      v.tokenLink(t.ReplacedBy, t.Owner),
		Creator:    link{Path: v.userURL(t.CreatedBy), Text: string(t.CreatedBy)},
		Revoked:    v.moment(t.RevokedAt),
		Revoker:    link{Path: v.userURL(t.RevokedBy), Text: string(t.RevokedBy)},
		BackToThis: backToToken, BackToThisQuery: "?" + url.Values{backToToken[0].Name: {backToToken[0].Value}}.Encode(),
	}
	if page.OwnerSuspended, err = v.isSuspended(t.Owner); err != nil {
		return err
	}
	if err := v.fillChildren(&page); err != nil {
		return err
	}
	if err := v.fillEvents(&page); err != nil {
		return err
	}
	return v.renderWith(http.StatusOK, "token.html", view{Heading: v.text("Token"), About: t.Name, Page: page})
}

// isSuspended reports whether a user is suspended, if the visitor may see the user.
func (v *visit) isSuspended(id apitoken.UserID) (bool, error) {
	if !v.offersReading(id) {
		return false, nil
	}
	u, err := v.manager.User(v.r.Context(), v.actor, id)
	if refused := problemOf(err).err; err != nil && (refused == apitoken.ErrNotFound || refused == apitoken.ErrDenied) {
		return false, nil
	}
	return u.Suspended(), err
}

// fillChildren reads the tokens that were generated with the token: all of them if the visitor may list them, and otherwise those
// of their own.
func (v *visit) fillChildren(page *tokenPage) error {
	q := apitoken.TokenQuery{AnyOwner: true, CreatedWith: page.ID, Limit: childrenOfToken + 1}
	if !v.may.Has(apitoken.ListAny) {
		q.AnyOwner, q.Owner = false, page.Owner
	}
	list, err := v.manager.TokenPage(v.r.Context(), v.actor, q)
	if err != nil && problemOf(err).err == apitoken.ErrDenied { // the holder of a token that may read only itself
		return nil
	}
	if err != nil {
		return err
	}
	if v.may.Has(apitoken.ListAny) {
		page.ChildrenURL = addressOf(v.base+"/tokens", url.Values{"with": {page.ID.String()}, "status": {allStates}})
	}
	page.MoreChildren = !list.Next.IsZero() || len(list.Tokens) > childrenOfToken
	for _, t := range list.Tokens[:min(len(list.Tokens), childrenOfToken)] {
		page.Children = append(page.Children, v.row(t))
	}
	return nil
}

// fillEvents reads the newest events of the token, if the visitor may read events.
func (v *visit) fillEvents(page *tokenPage) error {
	page.MayReadEvents = v.may.Has(apitoken.ReadEvents)
	if !page.MayReadEvents {
		return nil
	}
	page.AllEvents = addressOf(v.base+"/activity", url.Values{"token": {page.ID.String()}})
	q := apitoken.EventQuery{Token: page.ID, NewestFirst: true, Limit: eventsOfToken}
	for e, err := range v.manager.Events(v.r.Context(), v.actor, q) {
		if err != nil {
			return err
		}
		page.Events = append(page.Events, v.eventRow(e))
		if len(page.Events) == eventsOfToken {
			break
		}
	}
	return nil
}

// tokenLink returns the link to a token of an owner, as far as the visitor may see it.
func (v *visit) tokenLink(id apitoken.TokenID, owner apitoken.UserID) tokenLink {
	link := tokenLink{ID: id}
	if v.offersCounting(owner) {
		link.URL = v.tokenURL(id)
	}
	return link
}

// tokenURL returns the address of the page of a token.
func (v *visit) tokenURL(id apitoken.TokenID) string { return v.base + "/tokens/" + id.String() }

// userURL returns the address of the page of a user; empty: the visitor may not see it, or there is no user.
func (v *visit) userURL(id apitoken.UserID) string {
	if id == "" || !v.offersReading(id) {
		return ""
	}
	return v.base + v.pathOfUser(id)
}

// backToToken is the field of a form that was opened on the page of a token.
var backToToken = []field{{"back", "token"}}

// back returns the address to which a form about a token leads afterwards, and the hidden fields by which it knows. It is the page
// of the token if the form was opened there, and otherwise the list of the owner at the place where it was left.
func (v *visit) back(t apitoken.Token, from url.Values) (address string, fields []field) {
	if from.Get(backToToken[0].Name) == backToToken[0].Value {
		return v.tokenURL(t.ID), backToToken
	}
	query, fields := listPosition(from.Get("list"))
	return v.base + v.pathOfUser(t.Owner) + "/tokens" + query, fields
}
