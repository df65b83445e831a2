package frameworks

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// Gin is the application with gin. Its handlers find the identity in the context of the request, not in gin's.
func Gin(m *apitoken.Manager, hello Hello) http.Handler {
	gin.SetMode(gin.ReleaseMode) // in debug mode it prints every route
	e := gin.New()
	e.Use(gin.Recovery())
	e.GET("/health", gin.WrapF(health))
	api := e.Group("/api", Bridge(httpauth.Require(m, nil)))
	api.GET("/hello", func(c *gin.Context) {
		identity, _ := httpauth.FromContext(c.Request.Context())
		c.String(http.StatusOK, "%s", hello(identity.User))
	})
	return e
}

// Bridge turns middleware for net/http into middleware for gin. gin calls the next handler when this one returns, even after an
// answer. So without Abort a refused request would be served.
func Bridge(middleware func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		passed := false
		middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			passed, c.Request = true, r
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
		if !passed {
			c.Abort()
		}
	}
}
