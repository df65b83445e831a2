// Package frameworks puts the middleware in front of the same application with three routers: net/http, chi and gin.
//
// Routers whose middleware is func(http.Handler) http.Handler, such as chi, take it unchanged. gin has middleware of another
// form and needs the bridge in gin.go. Two other frameworks bring a bridge: echo.WrapMiddleware(httpauth.Require(m, nil)) and,
// for fiber, adaptor.HTTPMiddleware(httpauth.Require(m, nil)).
//
//	go test ./examples/frameworks
package frameworks
