package adminapi

import (
	_ "embed"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// document is JSON that is sent as it is.
type document []byte

//go:embed openapi.json
var openAPI document

func (a *api) openAPI(*http.Request, apitoken.Actor) (response, error) {
	return response{status: http.StatusOK, body: openAPI}, nil
}
