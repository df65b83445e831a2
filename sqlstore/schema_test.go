package sqlstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// A host with a migration tool writes each step to a file, or registers it with the tool.
func ExampleDialect_Migrations() {
	steps, err := sqlstore.PostgreSQL.Migrations("tenant_7_")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range steps {
		fmt.Printf("%04d_%s.sql\n", step.Version, step.Name)
		for line := range strings.Lines(step.SQL) {
			if strings.HasPrefix(line, "CREATE TABLE") || strings.HasPrefix(line, "CREATE INDEX") && step.Version > 1 {
				fmt.Print("\t", line)
			}
		}
	}
	// Output:
	// 0001_tables.sql
	// 	CREATE TABLE IF NOT EXISTS tenant_7_schema_version (
	// 	CREATE TABLE tenant_7_users (
	// 	CREATE TABLE tenant_7_epochs (
	// 	CREATE TABLE tenant_7_tokens (
	// 	CREATE TABLE tenant_7_policy (
	// 	CREATE TABLE tenant_7_events (
	// 	CREATE TABLE tenant_7_feed (
	// 0002_lists.sql
	// 	CREATE INDEX tenant_7_tokens_by_creator ON tenant_7_tokens (created_by, id);
	// 	CREATE INDEX tenant_7_tokens_by_rare_kind ON tenant_7_tokens (kind, id) WHERE kind <> 'user';
	// 	CREATE INDEX tenant_7_tokens_endless ON tenant_7_tokens (id) WHERE expires_at IS NULL;
	// 0003_resource.sql
	// 0004_resource_lists.sql
	// 	CREATE INDEX tenant_7_tokens_by_resource ON tenant_7_tokens (resource, id) WHERE resource <> '';
	// 0005_event_details.sql
	// 0006_event_lists.sql
	// 	CREATE INDEX tenant_7_events_by_actor ON tenant_7_events (actor_user, seq) WHERE actor_user <> '' AND seq IS NOT NULL;
	// 	CREATE INDEX tenant_7_events_by_action ON tenant_7_events (action, seq) WHERE seq IS NOT NULL;
	// 	CREATE INDEX tenant_7_events_by_outcome ON tenant_7_events (outcome, seq) WHERE outcome <> 'done' AND seq IS NOT NULL;
	// 0007_token_parents.sql
	// 	CREATE INDEX tenant_7_tokens_by_parent ON tenant_7_tokens (created_with, id) WHERE created_with IS NOT NULL;
	// 0008_suspension.sql
	// 0009_policy_layers.sql
	// 0010_description.sql
	// 0011_service_accounts.sql
	// 0012_services_and_notices.sql
	// 	CREATE INDEX tenant_7_users_by_responsible ON tenant_7_users (responsible, id) WHERE responsible <> '';
	// 	CREATE TABLE tenant_7_notices (
	// 0013_token_permissions.sql
	// 0014_list_orders.sql
	// 	CREATE INDEX tenant_7_tokens_by_end ON tenant_7_tokens (expires_at, id) WHERE expires_at IS NOT NULL;
	// 	CREATE INDEX tenant_7_tokens_by_hint ON tenant_7_tokens (hint, id);
	// 	CREATE INDEX tenant_7_events_by_token ON tenant_7_events (token, seq) WHERE token IS NOT NULL AND seq IS NOT NULL;
	// 	CREATE INDEX tenant_7_events_by_time ON tenant_7_events (at, seq) WHERE seq IS NOT NULL;
	// 0015_one_expiry_index.sql
	// 0016_rotation.sql
	// 0017_offers.sql
	// 	CREATE TABLE tenant_7_offers (
	// 	CREATE INDEX tenant_7_offers_by_owner ON tenant_7_offers (owner, id);
}

// Migration tools split a file in different ways: some at every semicolon, some at semicolons at the ends of lines. Some count
// quotation marks even in comments.
func TestMigrationsCanBeSplitByTools(t *testing.T) {
	for name, d := range dialects {
		t.Run(name, func(t *testing.T) {
			steps, err := d.Migrations("x_")
			must(t, err)
			var all []string
			for i, step := range steps {
				if step.Version != int64(i+1) || step.Name == "" {
					t.Errorf("step %d has version %d and the name %q", i+1, step.Version, step.Name)
				}
				if !strings.HasSuffix(step.SQL, ";\n") || strings.Contains(step.SQL, "?") || strings.Contains(step.SQL, "$") {
					t.Errorf("step %d ends without a semicolon, or has placeholders: %s", i+1, step.SQL)
				}
				for line := range strings.Lines(step.SQL) {
					if strings.Contains(strings.TrimSuffix(line, ";\n"), ";") {
						t.Errorf("a semicolon in the middle of a line: %s", line)
					}
					if _, comment, ok := strings.Cut(line, "--"); ok && strings.ContainsAny(comment, "'\"`") {
						t.Errorf("a quotation mark in a comment: %s", line)
					}
				}
				for statement := range strings.SplitSeq(step.SQL, ";") {
					if statement = strings.TrimSpace(statement); statement != "" {
						all = append(all, statement)
					}
				}
			}
			if diff := cmp.Diff(sentByMigrate(t, d), all); diff != "" {
				t.Errorf("statements (-want +got):\n%s", diff)
			}
		})
	}
}

// sentByMigrate returns the statements of the steps as Migrate sends them, with the row of the version at the end of each.
func sentByMigrate(t *testing.T, d sqlstore.Dialect) (all []string) {
	t.Helper()
	store := newStore(t, d, "x_")
	texts := map[string]string{}
	for _, q := range store.Queries() {
		texts[q.Name] = q.Text
	}
	steps, err := store.Statements()
	must(t, err)
	all = append(all, texts["makeVersions"])
	for i, step := range steps {
		all = append(all, step...)
		all = append(all, strings.Replace(texts["claimVersion"], d.Placeholder(1), fmt.Sprint(i+1), 1))
	}
	return all
}
