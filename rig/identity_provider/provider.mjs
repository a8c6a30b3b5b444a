// A certified OpenID Connect provider with made-up people and no passwords. It listens on loopback, where
// its issuer is, and on the same port of the addresses beside it, for hosts that hand their loopback on.
// Its settings are JSON on the standard input: people by name, and the clients that may use it.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.argv[2]}/`);
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const { people, clients, port, beside } = JSON.parse(await text(process.stdin));
const server = createServer();
await new Promise((ready) => { server.listen(port, '127.0.0.1', ready); });
const issuer = `http://127.0.0.1:${server.address().port}`;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: randomBytes(8).toString('hex'), use: 'sig', alg: 'RS256' }] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  claims: { openid: ['sub'], email: ['email', 'email_verified', 'hd'], profile: ['name'] },
  conformIdTokenClaims: false, // in the ID token, as Google has it
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  ttl: { AuthorizationCode: 60, AccessToken: 600, IdToken: 600, Interaction: 600, Session: 3600, Grant: 3600 },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  loadExistingGrant: async (ctx) => { // consent is not what is tested
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

const escaped = (value) => value.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
const page = (uid) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Who are you?</title>
<h1>Who are you?</h1><form method="post" action="/interaction/${uid}">
${Object.entries(people).map(([id, person]) => `<p><button name="person" value="${escaped(id)}">${
  escaped(person.name ?? id)} (${escaped(person.email ?? '')})</button></p>`).join('\n')}
<p><button name="person" value="">None of them</button></p></form></html>`;

const known = provider.callback();
const answer = async (request, response) => {
  const [, uid] = /^\/interaction\/([\w-]+)$/.exec(request.url) ?? [];
  try {
    if (!uid) {
      await known(request, response);
    } else if (request.method === 'POST') {
      const person = new URLSearchParams(await text(request)).get('person');
      await provider.interactionFinished(request, response, people[person]
        ? { login: { accountId: person } }
        : { error: 'access_denied', error_description: 'No one of these people' });
    } else {
      await provider.interactionDetails(request, response);
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(page(uid));
    }
  } catch (error) {
    response.statusCode = 400;
    response.end(`${error.message}\n`);
  }
};
server.on('request', answer);
for (const address of beside) {
  await new Promise((ready) => { createServer(answer).listen(server.address().port, address, ready); });
}
console.log(`listens on ${issuer}`);
