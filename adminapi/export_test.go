package adminapi

// For the tests, which are outside of the package.

// Route is what a route declares.
type Route struct {
	Method, Path string
	Who          string
	Params       []string
}

// Routes are all routes.
func Routes() []Route {
	var all []Route
	for _, r := range (&api{}).routes() {
		all = append(all, Route{r.method, r.path, string(r.who), r.params})
	}
	return all
}

// OpenAPI is the document as it is in the program.
var OpenAPI = []byte(openAPI)

// The readers of texts, for fuzzing.
var (
	ParseMicros = parseMicros
	SecondsOf   = secondsOf
	IsEntityTag = isEntityTag
)
