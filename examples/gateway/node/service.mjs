// A service in JavaScript that is sent tokens: it asks what they are worth, with a library for OAuth and nothing of
// apitoken's own.
//
//   node service.mjs http://127.0.0.1:9000 gateway REPLACE-THIS-CLIENT-SECRET "$TOKEN"
//
// It prints what it learns of the token before and after it revokes it, and of the wrong ways to ask, a line each.
import * as oauth from 'oauth4webapi'

const [base, id, secret, token] = process.argv.slice(2)
const as = {
  issuer: base,
  introspection_endpoint: `${base}/oauth2/introspect`,
  revocation_endpoint: `${base}/oauth2/revoke`,
}
const client = { client_id: id }
const options = { [oauth.allowInsecureRequests]: base.startsWith('http://') }

async function introspect(text, auth) {
  const response = await oauth.introspectionRequest(as, client, auth, text, options)
  try {
    return await oauth.processIntrospectionResponse(as, client, response)
  } catch (err) {
    if (err instanceof oauth.WWWAuthenticateChallengeError) return { refused: err.status, challenge: err.cause[0].scheme }
    throw err
  }
}

function print(what, seen) {
  console.log(JSON.stringify({ what, ...seen }))
}

print('before, by Basic', await introspect(token, oauth.ClientSecretBasic(secret)))
print('before, by form', await introspect(token, oauth.ClientSecretPost(secret)))
print('unknown', await introspect('tok_unknown', oauth.ClientSecretBasic(secret)))
print('wrong client', await introspect(token, oauth.ClientSecretBasic(secret + 'x')))
await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, oauth.None(), token, options))
print('after', await introspect(token, oauth.ClientSecretBasic(secret)))
