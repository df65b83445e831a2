package adminui

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// tokensOnPage is the number of tokens on a page.
const tokensOnPage = 50

// soonWindow is how long before its expiry a token is marked.
const soonWindow = 14 * 24 * time.Hour

// tokenRow is a token as a table shows it.
type tokenRow struct {
	apitoken.Token
	Status                 apitoken.Status
	Created, Used, Expires moment
	UsedAgo                string
	Limit                  string // what it is limited to; empty: not limited
	Soon                   bool
	New                    bool   // just generated
	URL                    string // the page of the token
	EditURL                string // empty: already ended, or the user may not change it
	RevokeURL              string // empty: already ended, or the user may not revoke it
	OwnerURL               string
}

func (v *visit) row(t apitoken.Token) tokenRow {
	row := tokenRow{
		Token: t, Status: t.Status(v.now),
		Created: v.moment(t.CreatedAt), Used: v.moment(t.LastUsedAt), Expires: v.moment(t.ExpiresAt),
		UsedAgo:  v.ago(t.LastUsedAt, v.now),
		Limit:    v.limitText(t.Permissions),
		OwnerURL: v.base + v.pathOfUser(t.Owner) + "/tokens",
		URL:      v.tokenURL(t.ID),
	}
	if row.Status == apitoken.StatusActive {
		row.Soon = !t.ExpiresAt.IsZero() && t.ExpiresAt.Sub(v.now) <= soonWindow
		if v.offersDescribing(t.Owner) {
			row.EditURL = row.URL + "/edit"
		}
		if v.offersRevoking(t.Owner) {
			row.RevokeURL = row.URL + "/revoke"
		}
	}
	return row
}

// tokensPage shows the tokens of one user and the form that generates one.
type tokensPage struct {
	listLinks
	tokenList
	Owner        apitoken.UserID
	OwnerName    string
	Disabled     bool
	Service      bool
	Responsible  apitoken.UserID   // who answers for the service account
	Services     []apitoken.UserID // for which the user answers; at most servicesOnPage
	MoreServices bool
	Suspended    bool
	Own          bool
	OwnerURL     string       // the page about the owner; empty: the visitor may not see it
	Waiting      []waitingRow // tokens that the owner may claim
	Rows         []tokenRow
	Empty        string        // what the page says if there are no Rows
	List         string        // what is shown of the list, as in the query of the address
	Form         *generateForm // nil: the user may not generate tokens here
	Generated    *generated    // the token that was just generated; nil: none
	ListFailed   bool          // only Generated can be shown
	RevokeAllURL string        // empty: the user may not
}

// generateForm is the form with the entered values.
type generateForm struct {
	Key           string // identifies this form, so that sending it twice leaves one token
	Name          string
	Description   string
	Kind          string // the name of the selected kind
	Kinds         []choice
	Permissions   []box
	Resource      string
	ResourceLabel string // empty: there is no field
	Lifetime      string // the value of the selected choice
	Date          string
	Offer         bool // the owner claims the token, instead of the secret being shown here
	MayOffer      bool // the token is for another user
	Choices       []lifetimeChoice
	Limit         string // the maximum and where it comes from; empty: it is that of everybody
	LastDate      string // the last day that the policy permits; empty: any
	Zone          string // the time zone of the days
	Problem       string
	Refused       string // the field that the problem is about, in the words of the Manager; "date" is the last day; empty: none
}

type choice struct {
	Value, Text string
}

// lifetimeChoice is a lifetime that a form offers, with the day of the expiry if the form is sent now.
type lifetimeChoice struct {
	choice
	Until moment // the zero moment: no expiration, or a day that is entered
}

// generated is a new token with its secret, which is shown only in this response.
type generated struct {
	apitoken.Token
	Secret  string
	Expires moment
}

// onDate is the choice of the day in the field for a date.
const onDate = "date"

func (v *visit) tokensOfUser() error { return v.showTokens(http.StatusOK, nil, nil) }

// showTokens shows the tokens of a user, the form with the entered values, and the generated token. It shows the generated token
// even if everything else fails, because its secret cannot be retrieved again.
func (v *visit) showTokens(status int, form *generateForm, made *generated) error {
	page := tokensPage{Owner: v.owner, Own: v.isOwn(v.owner), Generated: made}
	err := v.fillTokens(&page, form)
	if err != nil && made == nil {
		return err
	}
	if err != nil {
		v.callOnError(err)
		page = tokensPage{Owner: page.Owner, Own: page.Own, Generated: made, ListFailed: true}
	}
	w := view{Heading: v.text("Tokens of"), About: string(page.Owner), Page: page}
	if page.Own {
		w.Heading, w.About = v.text(myTokens), ""
	}
	if made != nil {
		w.Happened = v.text("Token generated")
	}
	return v.renderWith(status, "tokens.html", w)
}

// fillTokens reads what the page shows.
func (v *visit) fillTokens(page *tokensPage, form *generateForm) error {
	query := v.r.URL.Query()
	q, err := withPosition(apitoken.TokenQuery{
		Owner: page.Owner, Status: listStatus(query.Get("status")), Order: listOrder(query.Get("order")), Limit: tokensOnPage,
	}, query)
	if err != nil {
		return err
	}
	list, err := v.readList(q)
	if err != nil {
		return err
	}
	links, tally, err := v.listLinks(q)
	if err != nil {
		return err
	}
	page.listLinks, page.tokenList, page.OwnerURL = links, list.of(tally, v.language), v.userURL(page.Owner)
	page.Empty = v.emptyText(q.Status, tally, false)
	if page.Generated != nil {
		// In another order than the usual one the new token may be on another page. Show it first.
		row := v.row(page.Generated.Token)
		row.New = true
		page.Rows = append(page.Rows, row)
	}
	for _, t := range list.Tokens {
		if page.Generated == nil || t.ID != page.Generated.ID {
			page.Rows = append(page.Rows, v.row(t))
		}
	}
	if position, _ := listPosition(query.Encode()); position != "" {
		page.List = position[1:]
	}
	if v.offersRevoking(page.Owner) {
		page.RevokeAllURL = v.base + v.pathOfUser(page.Owner) + "/revoke-all"
	}
	if page.Services, page.MoreServices, err = v.servicesOf(page.Owner); err != nil {
		return err
	}
	page.Form, err = v.generateForm(page, form)
	if err != nil {
		return err
	}
	return v.fillWaiting(page)
}

// servicesOnPage is the number of service accounts that the page of who answers for them names.
const servicesOnPage = 20

// servicesOf returns the service accounts for which a user answers, if the visitor manages users. more says that there are others.
func (v *visit) servicesOf(id apitoken.UserID) (services []apitoken.UserID, more bool, err error) {
	if !v.may.Has(apitoken.ManageUsers) {
		return nil, false, nil
	}
	users, err := v.manager.ListUsers(v.r.Context(), v.actor, apitoken.UserQuery{Responsible: id, Limit: servicesOnPage + 1})
	if err != nil && problemOf(err).err != apitoken.ErrDenied {
		return nil, false, err
	}
	for _, u := range users[:min(len(users), servicesOnPage)] {
		services = append(services, u.ID)
	}
	return services, len(users) > servicesOnPage, nil
}

// generateForm returns the form, or nil if the user may not generate a token here. The Manager may still refuse it.
func (v *visit) generateForm(page *tokensPage, entered *generateForm) (*generateForm, error) {
	if v.offersReading(page.Owner) {
		u, err := v.manager.User(v.r.Context(), v.actor, page.Owner)
		if err != nil && !(page.Own && problemOf(err).err == apitoken.ErrNotFound) {
			return nil, err
		}
		page.OwnerName, page.Disabled, page.Suspended = u.Name, u.Disabled(), u.Suspended()
		page.Service, page.Responsible = u.Service, u.Responsible
	}
	if !v.offersGenerating(page.Owner) || page.Disabled || page.Suspended {
		return nil, nil
	}
	lifetimes, err := v.manager.MaxLifetimes(v.r.Context(), v.actor, page.Owner)
	if refused := problemOf(err).err; err != nil && refused != apitoken.ErrDenied && refused != apitoken.ErrNotFound {
		return nil, err
	}
	if len(lifetimes) == 0 {
		return nil, nil
	}
	form := entered
	if form == nil {
		form = &generateForm{}
	}
	limit := v.offerKinds(form, lifetimes)
	form.ResourceLabel = v.opts.ResourceLabel
	form.offerPermissions(v.permissionsToOffer())
	if form.Lifetime == "" {
		form.Lifetime = lifetimeValue(min(apitoken.Days(30), limit.Max))
	}
	if limit.Source != (apitoken.LimitSource{}) {
		form.Limit = v.text("At most %s: %s.", v.lifetimeInSentence(limit.Max), v.limitSource(limit.Source))
	}
	if form.Key == "" {
		form.Key = rand.Text()
	}
	form.Zone, form.MayOffer = v.zone.String(), !page.Own
	for _, lifetime := range limit.Choices() {
		form.Choices = append(form.Choices, v.lifetimeChoice(lifetime))
	}
	form.Choices = append(form.Choices, lifetimeChoice{choice: choice{onDate, v.text("Until the end of a day")}})
	if limit.Max != apitoken.NoExpiration {
		form.LastDate = v.now.Add(limit.Max).In(v.zone).AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return form, nil
}

// lifetimeChoice returns the choice of a lifetime.
func (v *visit) lifetimeChoice(lifetime time.Duration) lifetimeChoice {
	c := lifetimeChoice{choice: choice{lifetimeValue(lifetime), v.lifetime(lifetime)}}
	if lifetime != apitoken.NoExpiration {
		c.Until = v.dateOf(v.now.Add(lifetime))
	}
	return c
}

// offerKinds fills in the kinds, if there are several, and returns the limit of the longest lifetime among them, because a form
// cannot know which one will be selected. The Manager refuses what the kind does not permit, and says what it does.
func (v *visit) offerKinds(f *generateForm, lifetimes []apitoken.KindLifetime) apitoken.KindLifetime {
	longest := lifetimes[0]
	for _, l := range lifetimes {
		if l.Max > longest.Max {
			longest = l
		}
		if l.Kind == apitoken.KindUser && f.Kind == "" {
			f.Kind = string(l.Kind)
		}
		text := string(l.Kind)
		if l.Max != apitoken.NoExpiration {
			text = v.text("%s, at most %s", text, v.lifetimeInSentence(l.Max))
		}
		f.Kinds = append(f.Kinds, choice{string(l.Kind), text})
	}
	if f.Kind == "" {
		f.Kind = string(lifetimes[0].Kind)
	}
	if len(f.Kinds) == 1 && f.Kind == string(apitoken.KindUser) {
		f.Kinds = nil
	}
	return longest
}

// offerPermissions fills in the permissions, those that were chosen before checked.
func (f *generateForm) offerPermissions(names []string) {
	var chosen []string
	for _, b := range f.Permissions {
		chosen = append(chosen, b.Name)
	}
	f.Permissions = boxes(names, chosen)
}

// lifetimeValue returns a lifetime as the value of a choice.
func lifetimeValue(d time.Duration) string { return strconv.FormatInt(int64(d), 10) }

// generate generates a token and shows its secret in the response. It does not redirect, because the secret would have to be
// stored until the next request.
func (v *visit) generate() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	form := &generateForm{
		Key: v.r.PostForm.Get("key"), Name: v.r.PostForm.Get("name"), Description: v.r.PostForm.Get("description"),
		Lifetime: v.r.PostForm.Get("lifetime"), Date: v.r.PostForm.Get("date"),
		Kind: v.r.PostForm.Get("kind"), Resource: v.r.PostForm.Get("resource"), Permissions: boxes(v.r.PostForm["permission"], nil),
		Offer: v.r.PostForm.Get("offer") != "",
	}
	params, problem := v.params(form)
	if problem != "" {
		form.Problem = problem
		return v.showTokens(http.StatusUnprocessableEntity, form, nil)
	}
	if form.Offer {
		return v.offer(form, params)
	}
	token, secret, err := v.manager.Generate(v.r.Context(), v.actor, params)
	switch {
	case errors.Is(err, apitoken.ErrInvalid), errors.Is(err, apitoken.ErrUserDisabled), errors.Is(err, apitoken.ErrSuspended):
		v.refuse(form, err)
		return v.showTokens(http.StatusUnprocessableEntity, form, nil)
	case errors.Is(err, apitoken.ErrExists), errors.Is(err, apitoken.ErrTooMany):
		v.refuse(form, err)
		return v.showTokens(http.StatusConflict, form, nil)
	case isUnknown(err):
		return v.mayBeGenerated(err, token)
	case errors.Is(err, apitoken.ErrUnavailable):
		return v.notGenerated(err)
	case err != nil:
		return err
	}
	return v.showTokens(http.StatusCreated, nil, &generated{token, secret.Reveal(), v.moment(token.ExpiresAt)})
}

// refuse says why the form was refused.
func (v *visit) refuse(f *generateForm, err error) {
	f.Problem, f.Refused = v.reasonText(err), refusedField(err)
	if f.Lifetime == onDate && (f.Refused == "lifetime" || f.Refused == "expiry") {
		f.Refused = "date"
	}
}

// mayBeGenerated shows the token that may exist, with the button that revokes it. Its secret is lost.
func (v *visit) mayBeGenerated(err error, token apitoken.Token) error {
	page := v.revocationOf(token)
	page.Question = v.sentence("It is not known whether the token “%s” of %s was generated. Its secret is lost: revoke it and generate another.",
		token.Name, token.Owner)
	return v.showUnknown(err, page)
}

// notGenerated does not say that nothing was done, because a form that is sent again may have revoked its earlier token.
func (v *visit) notGenerated(err error) error {
	p := problemOf(err)
	v.reportUnavailable(p, err)
	return v.renderWith(p.status, "problem.html", view{
		Heading: v.text(p.heading),
		Problem: v.text("No token was generated. If you sent this form before, the token from then may be revoked. Try again in a moment."),
	})
}

// params parses what was entered. problem tells the user what is wrong with it, and form.Refused where; empty: nothing.
func (v *visit) params(form *generateForm) (p apitoken.GenerateParams, problem string) {
	p = apitoken.GenerateParams{Owner: v.owner, Name: form.Name, Description: form.Description, IdempotencyKey: form.Key}
	p.Kind, p.Resource = apitoken.Kind(form.Kind), form.Resource
	var names []string
	for _, b := range form.Permissions {
		names = append(names, b.Name)
	}
	var err error
	if p.Permissions, err = v.manager.ParsePermissions(names); err != nil {
		return p, v.reasonText(err)
	}
	if form.Lifetime != onDate {
		lifetime, err := strconv.ParseInt(form.Lifetime, 10, 64)
		if err != nil || lifetime <= 0 {
			form.Refused = "lifetime"
			return p, v.text("Choose when the token expires.")
		}
		p.Lifetime = time.Duration(lifetime)
		return p, ""
	}
	day, err := time.ParseInLocation(time.DateOnly, form.Date, v.zone)
	if err != nil {
		form.Refused = "date"
		return p, v.text("Enter the last day of the token, as year-month-day.")
	}
	if day.Year() < 1970 { // the zero time, for example, would mean that no expiry was asked for
		form.Refused = "date"
		return p, v.text("Enter a last day of the token from 1970-01-01 on.")
	}
	p.ExpiresAt = day.AddDate(0, 0, 1)
	return p, ""
}

// tokenID parses a token id. The empty text is the zero id. Any other text that is not an id is [apitoken.ErrNotFound].
func tokenID(text string) (apitoken.TokenID, error) {
	if text == "" {
		return apitoken.TokenID{}, nil
	}
	id, err := apitoken.ParseTokenID(text)
	if err != nil {
		return id, apitoken.ErrNotFound
	}
	return id, nil
}
