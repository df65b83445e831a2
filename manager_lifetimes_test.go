package apitoken_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// A form that offers what MaxLifetimes returns offers exactly what Generate permits, for every actor, owner and kind.
func TestMaxLifetimesReturnsWhatGeneratePermits(t *testing.T) {
	h := newHost(t, apitoken.Options{
		Kinds: []apitoken.Kind{"ci"},
		KindRules: map[apitoken.Kind]apitoken.KindRule{
			"mine": {Permissions: apitoken.GenerateOwn, OwnOnly: true}, "badge": {},
			"maker": {Permissions: apitoken.GenerateOwn | apitoken.GenerateForOthers},
		},
		Roles: map[apitoken.Role]apitoken.Permission{"lead": apitoken.GenerateOwn | apitoken.GenerateForOthers, "none": 0},
	})
	h.mustPutUser("lea", "lead")
	h.mustPutUser("nil", "none")
	_, short := h.mustGenerate(apitoken.As("lea"), apitoken.GenerateParams{Owner: "lea", Name: "short", Kind: "maker", Lifetime: apitoken.Days(5)})
	_, bound := h.mustGenerate(apitoken.As("lea"), apitoken.GenerateParams{Owner: "lea", Name: "bound", Resource: "project:web", Lifetime: apitoken.NoExpiration})
	_, idle := h.mustGenerate(apitoken.As("lea"), apitoken.GenerateParams{Owner: "lea", Name: "idle", Kind: "badge", Lifetime: apitoken.NoExpiration})
	actors := []apitoken.Actor{apitoken.As(ada), apitoken.As(bob), apitoken.As("lea"), apitoken.As("nil"), apitoken.As("erin"), apitoken.System()}
	resources := make([]string, len(actors))
	for _, text := range []string{short, bound, idle} {
		identity := h.mustAuthenticate(text)
		actors, resources = append(actors, identity.Actor()), append(resources, identity.Token.Resource)
	}
	policy := apitoken.MaxLifetimePolicy{
		Max:    apitoken.Days(365),
		Limits: []apitoken.LifetimeLimit{{Role: "user", Max: apitoken.Days(30)}, {Kind: "ci", Max: apitoken.Days(7)}, {Role: "lead", Kind: "mine", Max: apitoken.Days(2)}},
		Exemptions: []apitoken.Exemption{
			{User: bob, Max: apitoken.Days(500), Until: start.Add(time.Hour), Reason: "migration"},
			{User: "lea", Kind: "badge", Max: apitoken.NoExpiration, Until: start.Add(time.Hour), Reason: "audit"},
		},
	}
	h.must(second(h.SetPolicy(ctx, apitoken.System(), policy)))
	offered, refused := 0, 0
	for i, actor := range actors {
		for _, owner := range []apitoken.UserID{ada, bob, "lea", "nil", "erin"} {
			lifetimes, err := h.MaxLifetimes(ctx, actor, owner)
			for _, kind := range []apitoken.Kind{"badge", "ci", "maker", "mine", "user"} {
				generate := func(lifetime time.Duration) (apitoken.Token, error) {
					token, _, err := h.Generate(ctx, actor, apitoken.GenerateParams{
						Owner: owner, Name: fmt.Sprint("token ", len(h.tokens())), Kind: kind, Resource: resources[i], Lifetime: lifetime,
					})
					return token, err
				}
				at := slices.IndexFunc(lifetimes, func(l apitoken.KindLifetime) bool { return l.Kind == kind })
				if at < 0 {
					refused++
					if _, is := generate(time.Hour); is == nil || err != nil && !errors.Is(is, apitoken.ErrInvalid) && apitoken.Reason(is) != apitoken.Reason(err) {
						t.Errorf("%s for %s, kind %s: MaxLifetimes offers nothing (%v), and Generate returns %v", actor, owner, kind, err, is)
					}
					continue
				}
				offered++
				got := lifetimes[at]
				if _, err := generate(got.Max); err != nil {
					t.Errorf("%s for %s, kind %s: %s are offered, and refused: %v", actor, owner, kind, got.Max, err)
				}
				var over *apitoken.LifetimeError
				if _, err := generate(got.Max + time.Microsecond); got.Max != apitoken.NoExpiration && (!errors.As(err, &over) || over.Source != got.Source || over.Max != got.Max) {
					t.Errorf("%s for %s, kind %s: a microsecond over %s: %v, want the limit of %s", actor, owner, kind, got.Max, err, got.Source)
				}
			}
		}
	}
	if offered < 40 || refused < 40 {
		t.Errorf("%d were offered and %d not, too few of one to show anything", offered, refused)
	}
}

func TestMaxLifetimesNamesTheKindsAndTheirSources(t *testing.T) {
	h := newHost(t, layerKinds)
	h.must(second(h.SetPolicy(ctx, apitoken.As(ada), layeredPolicy())))
	got, err := h.MaxLifetimes(ctx, apitoken.As(ada), bob)
	h.must(err)
	want := []apitoken.KindLifetime{
		{Kind: "badge", Max: apitoken.Days(1), Source: apitoken.LimitSource{Layer: apitoken.LayerLimit, Kind: "badge"}},
		{Kind: "ci", Max: apitoken.NoExpiration, Source: apitoken.LimitSource{
			Layer: apitoken.LayerExemption, Kind: "ci", Until: time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC), Reason: "migration",
		}},
		{Kind: "user", Max: apitoken.Days(30), Source: apitoken.LimitSource{Layer: apitoken.LayerLimit, Role: "user"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lifetimes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]time.Duration{apitoken.Days(1)}, got[0].Choices()); diff != "" {
		t.Errorf("choices of badge (-want +got):\n%s", diff)
	}
}

// functionsOfThePackage returns the functions of this package's source by name, without tests.
func functionsOfThePackage(t *testing.T) map[string]*ast.FuncDecl {
	t.Helper()
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*ast.FuncDecl{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				all[f.Name.Name+" in "+name] = f
			}
		}
	}
	return all
}

// mentions reports whether the body of a function calls or makes something of one of the names.
func mentions(f *ast.FuncDecl, names ...string) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		var name *ast.Ident
		switch n := n.(type) {
		case *ast.CallExpr:
			switch called := n.Fun.(type) {
			case *ast.SelectorExpr:
				name = called.Sel
			case *ast.Ident:
				name = called
			}
		case *ast.CompositeLit:
			name, _ = n.Type.(*ast.Ident)
		}
		found = found || name != nil && slices.Contains(names, name.Name)
		return true
	})
	return found
}

// withoutPolicy are the functions that store a token which the policy does not judge, with the reason.
var withoutPolicy = map[string]string{
	"insertImported in import.go":   "an imported token exists already",
	"replace in rotate.go":          "what it inserts comes from admit, too",
	"insert in manager_generate.go": "what it inserts comes from admit, which asks the resolver",
}

// Every function that passes a new token to the store asks the resolver.
func TestEveryPathThatMakesATokenAsksTheResolver(t *testing.T) {
	paths := 0
	all := functionsOfThePackage(t)
	asks := func(name string, what ...string) {
		for _, w := range what {
			if f := all[name]; f == nil || !mentions(f, w) {
				t.Errorf("%s does not call %s", name, w)
			}
		}
	}
	asks("expiryFor in manager_generate.go", "maximumFor", "resolve")
	asks("claimExpiry in manager_claim.go", "expiryFor")
	for name, f := range all {
		if !mentions(f, "NewToken", "CreateToken", "RotateToken") {
			continue
		}
		paths++
		if withoutPolicy[name] == "" && !mentions(f, "expiryFor", "claimExpiry") {
			t.Errorf("%s makes a token without expiryFor", name)
		}
	}
	if paths < 1+len(withoutPolicy) {
		t.Errorf("%d paths make a token, want more than the %d without the policy", paths, len(withoutPolicy))
	}
}
