package adminapi

// Unexported names for the external tests.

// Route is the declaration of a route.
type Route struct {
	Method, Path string
	Who          string
	Params       []string
	Pattern      string // the path as [http.ServeMux] matches it
}

// Routes returns all routes.
func Routes() []Route {
	var all []Route
	for _, r := range (&api{}).routes() {
		all = append(all, Route{r.method, r.path, string(r.who), r.params, r.pattern()})
	}
	return all
}

// OpenAPI is the embedded document.
var OpenAPI = []byte(openAPI)

// Functions that read text, for fuzzing.
var (
	ParseMicros = parseMicros
	SecondsOf   = secondsOf
	IsEntityTag = isEntityTag
)
