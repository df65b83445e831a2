package adminui

import (
	"errors"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// waitingRow is a token that waits for its owner. It has no secret yet.
type waitingRow struct {
	apitoken.PendingToken
	By          moment
	ClaimURL    string // empty: the user may not claim it
	WithdrawURL string // empty: the user may not withdraw it
}

// fillWaiting reads what waits for the owner of the page.
func (v *visit) fillWaiting(page *tokensPage) error {
	open, err := v.manager.Offers(v.r.Context(), v.actor, page.Owner)
	if err != nil {
		return err
	}
	for _, p := range open {
		row := waitingRow{PendingToken: p, By: v.moment(p.ClaimBy)}
		path := v.base + v.pathOfUser(p.Owner) + "/offers/" + p.ID.String()
		if v.offersClaiming(page) {
			row.ClaimURL = path + "/claim"
		}
		if v.offersRevoking(p.Owner) || v.isOwn(p.OfferedBy) {
			row.WithdrawURL = path + "/withdraw"
		}
		page.Waiting = append(page.Waiting, row)
	}
	return nil
}

// offer offers a token instead of generating one. Nobody sees a secret, so the response may redirect.
func (v *visit) offer(form *generateForm, params apitoken.GenerateParams) error {
	_, err := v.manager.Offer(v.r.Context(), v.actor, apitoken.OfferParams{GenerateParams: params})
	switch {
	case errors.Is(err, apitoken.ErrInvalid), errors.Is(err, apitoken.ErrUserDisabled), errors.Is(err, apitoken.ErrSuspended):
		v.refuse(form, err)
		return v.showTokens(http.StatusUnprocessableEntity, form, nil)
	case errors.Is(err, apitoken.ErrTooMany):
		v.refuse(form, err)
		return v.showTokens(http.StatusConflict, form, nil)
	case err != nil:
		return err
	}
	return v.redirect(v.pathOfUser(v.owner) + "/tokens")
}

// offerID returns the offer in the path.
func (v *visit) offerID() (apitoken.TokenID, error) { return tokenID(v.r.PathValue("offer")) }

// claim makes the token of an offer and shows its secret in the response.
func (v *visit) claim() error {
	id, err := v.offerID()
	if err != nil {
		return err
	}
	token, secret, err := v.manager.Claim(v.r.Context(), v.actor, id)
	switch {
	case isUnknown(err):
		return v.showUnknown(err, askPage{
			Question: v.sentence("It is not known whether the token was generated. If it was, claiming it again replaces its secret."),
			Action:   v.base + v.pathOfUser(v.owner) + "/offers/" + id.String() + "/claim", Button: v.sentence("Claim it again"),
			Back: v.base + v.pathOfUser(v.owner) + "/tokens",
		})
	case errors.Is(err, apitoken.ErrUnavailable), errors.Is(err, apitoken.ErrDenied), errors.Is(err, apitoken.ErrNotFound):
		return err
	case err != nil:
		return v.renderWith(http.StatusConflict, "problem.html", view{Heading: v.text("The token cannot be claimed"), Problem: v.claimProblem(err)})
	}
	v.owner = token.Owner
	return v.showTokens(http.StatusCreated, nil, &generated{token, secret.Reveal(), v.moment(token.ExpiresAt)})
}

func (v *visit) claimProblem(err error) string {
	switch {
	case errors.Is(err, apitoken.ErrUserDisabled), errors.Is(err, apitoken.ErrSuspended):
		return v.reasonText(err)
	case errors.Is(err, apitoken.ErrRevoked), errors.Is(err, apitoken.ErrExpired):
		return v.text("The offer has ended, or the token was revoked. Ask for another one.")
	case errors.Is(err, apitoken.ErrRepeated):
		return v.text("The token was claimed before, and it is in use.")
	case errors.Is(err, apitoken.ErrConflict):
		return v.text("Another request claimed it at the same moment. If you have not got its secret, go back and try again.")
	}
	return v.reasonText(err)
}

func (v *visit) withdraw() error {
	id, err := v.offerID()
	if err != nil {
		return err
	}
	err = v.manager.Withdraw(v.r.Context(), v.actor, id)
	if errors.Is(err, apitoken.ErrConflict) {
		return v.renderWith(http.StatusConflict, "problem.html", view{
			Heading: v.text("The token was claimed"), Problem: v.text("It can no longer be withdrawn. Revoke it instead."),
		})
	}
	if err != nil {
		return err
	}
	return v.redirect(v.pathOfUser(v.owner) + "/tokens")
}
