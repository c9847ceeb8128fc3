// A real identity provider on loopback: npm's oidc-provider. The first line printed is its issuer.
// Who "signs in" is told beforehand by POST /next ({sub, acr, amr, ts, refuse}); there are no pages.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.argv[2] + '/');
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);
const made = (kid, alg, ...how) => ({ ...generateKeyPairSync(...how).privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' });
const keys = [made('r', 'RS256', 'rsa', { modulusLength: 2048 }), made('e', 'ES256', 'ec', { namedCurve: 'P-256' }), made('d', 'EdDSA', 'ed25519')];

let next = { sub: 'nobody' };
let provider;
const body = async (request) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
};
const server = createServer(async (request, response) => {
  if (request.method === 'POST' && request.url === '/next') {
    next = await body(request);
    response.end('{}');
  } else if (request.url.startsWith('/interaction/')) {
    const found = await provider.interactionDetails(request, response);
    const told = next.refuse ? { error: 'access_denied' } : { login: { accountId: next.sub, acr: next.acr, amr: next.amr, ts: next.ts } };
    await provider.interactionFinished(request, response, found.prompt.name === 'login' ? told : { error: 'access_denied' }, { mergeWithLastSubmission: false });
  } else {
    provider.callback()(request, response);
  }
});
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const redirects = JSON.parse(process.argv[3]);
  const client = (client_id, alg) => ({
    client_id, client_secret: process.argv[4], redirect_uris: redirects, grant_types: ['authorization_code'],
    response_types: ['code'], id_token_signed_response_alg: alg, require_auth_time: true,
  });
  provider = new Provider(issuer, {
    jwks: { keys },
    clients: [client('referral', 'RS256'), client('referral-ec', 'ES256'), client('referral-ed', 'EdDSA')],
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
    pkce: { required: () => true },
    acrValues: ['two-factors'],
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['tests only'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    async loadExistingGrant(context) {
      const grant = new context.oidc.provider.Grant({ clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  });
  console.log(issuer);
});
