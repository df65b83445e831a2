// Calls of an administrator with a client that openapi-typescript generates from the document of package adminapi. The Go clients
// make the same calls and print the same.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

// Bodies have explicit types, because the client does not check them for unknown members.
type Schemas = components["schemas"];
type Wanted = Schemas["GenerateTokenRequest"];
type Maximum = Schemas["SetPolicyRequest"];

declare const process: { env: Record<string, string | undefined> };

const client = createClient<paths>({
  baseUrl: process.env.ADDRESS ?? "",
  headers: { Authorization: `Bearer ${process.env.TOKEN}` },
});
const bob = { params: { path: { id: "bob" } } };
const thirtyDays = 30 * 86_400;

/** say tells the test what was seen. */
function say(...parts: unknown[]): void {
  console.log(parts.join(" "));
}

/** done gives the data of a success. */
function done<T>(answer: { data?: T; error?: Schemas["Problem"] }): T {
  if (answer.error !== undefined || answer.data === undefined) {
    throw new Error(`refused: ${answer.error?.code}: ${answer.error?.detail}`);
  }
  return answer.data;
}

/** refused gives the problem of a refusal. */
function refused(answer: { error?: Schemas["Problem"] }): Schemas["Problem"] {
  if (answer.error === undefined) {
    throw new Error("it was not refused");
  }
  return answer.error;
}

const user = done(await client.PUT("/users/{id}", { ...bob, body: { name: "Bob" } satisfies Schemas["PutUserRequest"] }));
say("provisioned", user.id, user.name, "as", user.role, "at revision", user.revision);

const generate = {
  params: { path: { id: "bob" }, header: { "Idempotency-Key": "5b0c6f1e" } },
  body: { name: "nightly build", resource: "project:web", lifetime_seconds: thirtyDays } satisfies Wanted,
};
done(await client.POST("/users/{id}/tokens", generate));
const { token, secret } = done(await client.POST("/users/{id}/tokens", generate)); // as if the answer had been lost
say("generated", token.name, "for", token.owner, "by", token.created_by, "until", new Date(token.expires_at ?? 0).toISOString());
say("bound to", token.resource);
say("the secret ends like the hint:", secret.endsWith(token.hint.slice(-4)));

for (const status of ["active", "revoked"] as const) {
  const page = done(await client.GET("/users/{id}/tokens", {
    params: {
      path: { id: "bob" },
      query: { status, resource: "project:web", lives_longer_than_seconds: 86_400.5, expires_before: "2026-02-01T00:00:00+01:00" },
    },
  }));
  say(status + ":", page.tokens.map((t) => t.name).join(", "), "more:", page.next !== undefined);
}

const before = await client.GET("/policy");
say("no maximum:", done(before).no_maximum, "ETag:", before.response.headers.get("ETag") ?? "none");
const set = await client.PUT("/policy", { body: { max_lifetime_seconds: 2 * thirtyDays } satisfies Maximum });
const etag = set.response.headers.get("ETag") ?? "";
const ifMatch = { params: { header: { "If-Match": etag } } };
const policy = done(await client.PUT("/policy", { ...ifMatch, body: { max_lifetime_seconds: thirtyDays } satisfies Maximum }));
say("the maximum is", policy.max_lifetime_seconds, "at revision", policy.revision, "by", policy.updated_by);
const late = await client.PUT("/policy", { ...ifMatch, body: { no_maximum: true } satisfies Maximum });
say("too late:", late.response.status, refused(late).code);

const { choices } = done(await client.GET("/policy/choices"));
for (const choice of choices) {
  const offered = done(await client.POST("/users/{id}/tokens", { ...bob, body: { name: "offered", ...choice } satisfies Wanted }));
  say("offered", choice.lifetime_seconds, "until", new Date(offered.token.expires_at ?? 0).toISOString());
}

const long = await client.POST("/users/{id}/tokens", { ...bob, body: { name: "too long", lifetime_seconds: 3 * thirtyDays } satisfies Wanted });
const problem = refused(long);
if (problem.code === "lifetime_over_maximum") {
  say("refused:", long.response.status, problem.code, "asked for", problem.lifetime_seconds, "at most", problem.max_lifetime_seconds);
}

const one = { params: { path: { id: token.id } } };
const revoked = await client.DELETE("/tokens/{id}", one);
say("revoked:", revoked.response.status, done(await client.GET("/tokens/{id}", one)).status);

for (let after = 0, more = true; more; ) {
  const page = done(await client.GET("/events", { params: { query: { after, limit: 3 } } }));
  for (const event of page.events) {
    say("event", event.seq, event.action, event.outcome, "by", event.actor?.kind, "about", event.owner ?? "nobody");
  }
  after = page.next;
  more = page.more ?? false;
}
