// It generates a token, searches, revokes and validates with a client of SonarQube's Web API, and prints what it is told.
//
//   node client.mjs http://127.0.0.1:9000 bob PASSWORD
import { SonarQubeClient } from 'sonarqube-web-api-client'

const [url, user, password] = process.argv.slice(2)
const print = (what, seen) => console.log(JSON.stringify({ what, seen }))
const refused = (promise) => promise.then(() => 'nothing', (err) => `${err.constructor.name} ${err.statusCode}: ${err.message}`)

const person = SonarQubeClient.withBasicAuth(url, user, password)
print('valid by Basic', await person.authentication.validate())
print('valid by a wrong password', await SonarQubeClient.withBasicAuth(url, user, 'wrong').authentication.validate())
const made = await person.userTokens.generate({ name: 'from node' })
print('made', { ...made, token: made.token.length })

const token = SonarQubeClient.withToken(url, made.token)
print('valid by Bearer', await token.authentication.validate())
print('valid by the token in Basic', await SonarQubeClient.withBasicAuth(url, made.token, '').authentication.validate())
print('found', await token.userTokens.search())
print('made twice', await refused(person.userTokens.generate({ name: 'from node' })))
print("another's", await refused(person.userTokens.search({ login: 'admin' })))

await person.userTokens.revoke({ name: 'from node' })
await person.userTokens.revoke({ name: 'from node' })
print('valid after it was revoked', await token.authentication.validate())
print('found after it was revoked', await person.userTokens.search())
print('search after it was revoked', await refused(token.userTokens.search()))
