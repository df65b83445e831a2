// Errors that the compiler finds with a client that is generated from the document of package adminapi. It also reports a line that
// should be an error and is none. This code does not run.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

export async function wrong(): Promise<void> {
  const client = createClient<paths>();
  const bob = { params: { path: { id: "bob" } } };

  // @ts-expect-error an unknown member, which the compiler checks only with an explicit type
  const wanted: components["schemas"]["GenerateTokenRequest"] = { name: "x", lifetime: 1 };
  await client.POST("/users/{id}/tokens", { ...bob, body: wanted });
  // @ts-expect-error a number that is a text
  await client.POST("/users/{id}/tokens", { ...bob, body: { name: "x", lifetime_seconds: "1" } });
  // @ts-expect-error false
  await client.POST("/users/{id}/tokens", { ...bob, body: { name: "x", no_expiration: false } });
  // @ts-expect-error no name
  await client.POST("/users/{id}/tokens", { ...bob, body: {} });
  // @ts-expect-error no body
  await client.POST("/users/{id}/tokens", { ...bob });
  // @ts-expect-error no user
  await client.POST("/users/{id}/tokens", { body: { name: "x" } });
  // @ts-expect-error an unknown status
  await client.GET("/tokens", { params: { query: { status: "alive" } } });
  // @ts-expect-error an unknown parameter
  await client.GET("/tokens", { params: { query: { owner: "bob" } } });
  // @ts-expect-error an unknown path
  await client.GET("/token");
  // @ts-expect-error a method that the path has not
  await client.DELETE("/policy");

  const { data, error } = await client.GET("/tokens/{id}", { params: { path: { id: "x" } } });
  // @ts-expect-error a token shows no secret
  console.log(data?.secret);
  // @ts-expect-error an unknown code
  console.log(error?.code === "forbidden");
}
