package adminui

import "net/http"

// fromTheseSites refuses forms that other sites had a browser send.
func (u *ui) fromTheseSites(protection *http.CrossOriginProtection, next http.Handler) http.Handler {
	refuse := u.serve(func(*visit) error { return errCrossOrigin })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if protection.Check(r) != nil && !isProgram(r) {
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isProgram reports whether a request with the origin null was sent by a program that is no browser. Such a request is like one
// without an Origin, which [http.CrossOriginProtection] lets pass: no other site can have sent it. A browser names itself in
// User-Agent, and what another site has it send is dangerous for the cookies and credentials that it adds.
func isProgram(r *http.Request) bool {
	if r.Header.Get("Origin") != "null" {
		return false
	}
	for _, name := range []string{"Sec-Fetch-Site", "User-Agent", "Cookie", "Authorization"} {
		if len(r.Header[name]) > 0 {
			return false
		}
	}
	return true
}
