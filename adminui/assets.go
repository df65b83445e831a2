package adminui

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"regexp"
	"strings"
)

//go:embed static
var static embed.FS

// assets are the names of the style sheet, the script and the icon with a hash of their content, by the names of their files.
var assets = hashedNames("style.css", "enhance.js", "icon.svg")

func hashedNames(files ...string) map[string]string {
	names := map[string]string{}
	for _, name := range files {
		content, err := static.ReadFile("static/" + name)
		if err != nil {
			panic(err) // the file is embedded
		}
		sum := sha256.Sum256(content)
		kind := path.Ext(name)
		names[name] = strings.TrimSuffix(name, kind) + "-" + hex.EncodeToString(sum[:8]) + kind
	}
	return names
}

var hashInName = regexp.MustCompile(`-[0-9a-f]{16}\.`)

// staticFiles serves the style sheet, the script and the icon. Browsers may keep them, because their address changes with their
// content. While a host rolls out another version, a page may ask for the file of the other one. It gets the file of this version,
// which browsers do not keep.
func (u *ui) staticFiles() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := strings.TrimPrefix(r.URL.Path, u.opts.Prefix+"/static/")
		name := hashInName.ReplaceAllLiteralString(asked, ".")
		hashed, known := assets[name]
		if !known || name == asked {
			http.NotFound(w, r)
			return
		}
		if asked == hashed {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeFileFS(w, r, static, "static/"+name)
	})
}
