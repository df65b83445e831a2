// Package frameworks puts the middleware in front of the same application with three routers: net/http, chi and gin.
//
// All that is plain func(http.Handler) http.Handler takes it as it is, as chi does. gin has middleware of its own form and
// needs the bridge in gin.go. Of others, echo brings a bridge, echo.WrapMiddleware(httpauth.Require(m, nil)), and so does
// fiber, adaptor.HTTPMiddleware(httpauth.Require(m, nil)).
package frameworks
