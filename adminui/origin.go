package adminui

import "net/http"

// refuseCrossOrigin refuses forms that other sites make a browser send.
func (u *ui) refuseCrossOrigin(protection *http.CrossOriginProtection, next http.Handler) http.Handler {
	refuse := u.serve(func(*visit) error { return errCrossOrigin })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if protection.Check(r) != nil && !isProgram(r) {
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isProgram reports whether a request with the origin null comes from a program that is not a browser. Another site cannot make a
// program send a request, so it is accepted like a request without an Origin. A browser sends User-Agent, and a forged request is
// dangerous only with the cookies and credentials that a browser adds.
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
