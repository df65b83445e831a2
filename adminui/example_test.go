package adminui_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A host mounts the pages behind its own sign-in.
func Example() {
	m, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		panic(err)
	}
	_, _ = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Role: apitoken.RoleAdmin})

	signedIn := apitoken.UserID("") // the host's session
	pages, err := adminui.New(m, &adminui.Options{
		Prefix: "/admin",
		SignIn: "/sign-in",
		Actor: func(*http.Request) (apitoken.Actor, error) {
			if signedIn == "" {
				return apitoken.Actor{}, nil
			}
			return apitoken.As(signedIn), nil
		},
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/admin/", pages)

	for _, signedIn = range []apitoken.UserID{"", "ada"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", "/admin/", nil))
		fmt.Println(w.Code, w.Header().Get("Location"))
	}

	// Output:
	// 303 /sign-in?next=%2Fadmin%2F
	// 303 /admin/users
}
