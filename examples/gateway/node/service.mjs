// A service in JavaScript that is sent tokens: it asks what they are worth, with a library for OAuth and nothing of
// apitoken's own. It is given the address of the host, and finds the endpoints by itself.
//
//   node service.mjs http://127.0.0.1:9000 gateway REPLACE-THIS-CLIENT-SECRET "$TOKEN"
//
// It prints what it learns of the token before and after it revokes it, and of the wrong ways to ask, a line each.
import * as client from 'openid-client'

const [base, id, secret, token] = process.argv.slice(2)
const execute = base.startsWith('http://') ? [client.allowInsecureRequests] : []

function discover(auth) {
  return client.discovery(new URL(base), id, undefined, auth, { algorithm: 'oauth2', execute })
}

async function introspect(text, auth) {
  try {
    return await client.tokenIntrospection(await discover(auth), text)
  } catch (err) {
    if (err instanceof client.WWWAuthenticateChallengeError) return { refused: err.status, challenge: err.cause[0].scheme }
    throw err
  }
}

function print(what, seen) {
  console.log(JSON.stringify({ what, ...seen }))
}

print('before, by Basic', await introspect(token, client.ClientSecretBasic(secret)))
print('before, by form', await introspect(token, client.ClientSecretPost(secret)))
print('unknown', await introspect('tok_unknown', client.ClientSecretBasic(secret)))
print('wrong client', await introspect(token, client.ClientSecretBasic(secret + 'x')))
await client.tokenRevocation(await discover(client.None()), token)
print('after', await introspect(token, client.ClientSecretBasic(secret)))
