/**
 * People and tools sign in with a real OpenID provider (oidc-provider): authorization code with PKCE for people, client
 * credentials for tools. Every sign-in needs the sandbox's secret, so only users who can read it get a token.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { ClaimRef, Issuer } from '@stint/core/config/shape'
import { type Claims, fillClaims, putClaim } from '@stint/core/identity/sample-claims'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type Configuration, interactionPolicy } from 'oidc-provider'
import { keyCookie, knowsSecret, readBody } from '../guard.ts'
import { memoryStore } from './store.ts'

export type Person = { readonly sub: string; readonly name: string; readonly groups: readonly string[]; readonly amr: readonly string[] }

/** The people of the company in stint.config.ts, by their names for `npm run token`. */
export const people = {
  developer: { sub: '6f0c1b9e-dev-1', name: 'Dana Developer', groups: ['developers'], amr: ['pwd'] },
  'second-developer': { sub: 'b27d54aa-dev-2', name: 'Sam Second', groups: ['developers'], amr: ['pwd'] },
  approver: { sub: '0e83f6c1-apr-1', name: 'Avery Approver', groups: ['approvers', 'developers'], amr: ['pwd', 'mfa'] },
  oncall: { sub: '93ad02be-onc-1', name: 'Olu On-Call', groups: ['oncall', 'developers'], amr: ['pwd', 'mfa'] },
  auditor: { sub: 'd41f7c05-aud-1', name: 'Ada Auditor', groups: ['auditors'], amr: ['pwd', 'mfa'] },
} as const satisfies Record<string, Person>
export type PersonName = keyof typeof people

export const PEOPLE_CLIENT = 'stint-sandbox'
export const TOOL_CLIENT = 'reporting'
/** The redirect URI. Nothing listens there: the headless sign-in reads the code from the redirect. */
export const REDIRECT_URI = 'http://127.0.0.1/callback'

type Settings = { readonly url: string; readonly secret: string; readonly audience: string }
/** The client for Stint's own pages. */
const WEB_CLIENT = 'stint-web'
/** The public client of `stint login`, with the redirect URIs that docs/guides/issuers.md tells operators to register. */
const CLI_CLIENT = 'stint-cli'
const CLI_REDIRECT_URIS = [8421, 8422, 8423].map((port) => `http://localhost:${port}/callback`)

/** `broker`: the base URL of Stint's pages. `id` and `issuer`: of the config, whose tokens these are. Absent if the config does not have it. */
export async function peopleProvider({
  url,
  secret,
  audience,
  broker,
  id,
  issuer,
}: Settings & { readonly broker: string; readonly id: string | undefined; readonly issuer: Issuer | undefined }): Promise<RequestListener> {
  const alg = issuer === undefined || issuer.algorithms.includes('ES256') ? 'ES256' : 'RS256'
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const provider = new Provider(url, {
    ...base(audience, alg, await exportJWK(privateKey)),
    interactions: { url: (_ctx, { uid }) => `${url}/sign-in/${uid}`, policy: withoutConsent() },
    clients: [
      {
        client_id: PEOPLE_CLIENT,
        client_secret: secret,
        redirect_uris: [REDIRECT_URI],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        id_token_signed_response_alg: alg,
        application_type: 'web',
      },
      {
        client_id: WEB_CLIENT,
        client_secret: secret,
        redirect_uris: [`${broker}/sign-in/callback`, ...(id === undefined ? [] : [`${broker}/sign-in/callback/${id}`])],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        id_token_signed_response_alg: alg,
        application_type: 'web',
      },
      {
        client_id: CLI_CLIENT,
        client_name: 'the Stint command line',
        redirect_uris: CLI_REDIRECT_URIS,
        grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT],
        response_types: ['code'],
        id_token_signed_response_alg: alg,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
      },
    ],
    // Refresh tokens rotate: each can be used once, and using one twice revokes the whole grant.
    rotateRefreshToken: true,
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    findAccount: (_ctx, id) => {
      const person = Object.values(people).find(({ sub }) => sub === id)
      return person && { accountId: person.sub, claims: () => ({ sub: person.sub, name: person.name }) }
    },
    extraTokenClaims: (ctx, token) => {
      const person = Object.values(people).find(({ sub }) => 'accountId' in token && sub === token.accountId)
      const { AuthorizationCode, RefreshToken, DeviceCode } = ctx.oidc.entities
      const authTime = (AuthorizationCode ?? RefreshToken ?? DeviceCode)?.authTime
      return person && { ...claimsOf(person, issuer), ...(authTime ? { auth_time: authTime } : {}) }
    },
    // The sandbox has no consent page: by signing in, the user consents to share name and groups with Stint.
    loadExistingGrant: async (ctx) => {
      const { Grant } = ctx.oidc.provider
      const accountId = ctx.oidc.session?.accountId
      const grant = new Grant({ ...(accountId ? { accountId } : {}), clientId: ctx.oidc.client?.clientId ?? '' })
      grant.addOIDCScope('openid offline_access')
      grant.addResourceScope(RESOURCE, 'vend')
      await grant.save()
      return grant
    },
  })
  const callback = provider.callback()
  return (request, response) => {
    if (request.url?.startsWith('/sign-in/')) void signInPage(provider, secret, request, response)
    else if (request.url?.startsWith('/scim/v2/Users')) scimUsers(secret, request, response)
    else void callback(request, response)
  }
}

/** As the config's issuer names them. */
function claimsOf({ sub, name, groups, amr }: Person, issuer: Issuer | undefined): Claims {
  const claims: Claims = { name, amr }
  const each = (refs: ClaimRef | readonly ClaimRef[]) => (typeof refs === 'string' ? [refs] : refs)
  // The provider itself sets the subject.
  for (const ref of each(issuer?.nameClaim ?? 'name').filter((ref) => ref !== 'sub')) putClaim(claims, ref, name)
  for (const ref of each(issuer?.groupsClaim ?? (issuer?.dialect === 'auth0' ? 'permissions' : 'groups'))) putClaim(claims, ref, groups)
  if (issuer) fillClaims(claims, issuer, sub)
  return claims
}

/** The company's directory (RFC 7644 §3.4.2.2). It supports only the query for one user by subject. */
function scimUsers(secret: string, request: IncomingMessage, response: ServerResponse): void {
  const answer = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/scim+json' }).end(JSON.stringify(body))
  if (request.headers.authorization !== `Bearer ${secret}`) {
    answer(401, { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '401' })
    return
  }
  const filter = new URL(request.url ?? '', 'http://127.0.0.1').searchParams.get('filter') ?? ''
  const wanted = /^externalId eq ("(?:[^"\\]|\\.)*")$/.exec(filter)?.[1]
  const found = wanted === undefined ? [] : Object.values<Person>(people).filter(({ sub }) => sub === JSON.parse(wanted))
  const Resources = found.map(({ sub, name, groups }) => ({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    id: sub,
    externalId: sub,
    userName: sub,
    displayName: name,
    active: true,
    groups: groups.map((group) => ({ value: group, display: group })),
  }))
  answer(200, { schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'], totalResults: Resources.length, Resources })
}

/** The sign-in page: a list of people, without passwords. The provider binds it by a cookie to the browser that started it. */
async function signInPage(provider: Provider, secret: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (!knowsSecret(request, secret)) return await keyPage(secret, request, response)
    await provider.interactionDetails(request, response)
    if (request.method === 'POST') {
      const name = new URLSearchParams((await readBody(request)).toString('utf8')).get('login') ?? ''
      const person = Object.hasOwn(people, name) ? people[name as PersonName] : undefined
      if (person) return await provider.interactionFinished(request, response, { login: { accountId: person.sub, amr: [...person.amr] } })
    }
    const buttons = Object.entries(people).map(
      ([name, { name: shown, groups }]) => `<p><button name="login" value="${name}">${shown}</button> ${groups.join(', ')}</p>`,
    )
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    })
    response.end(
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in to the sandbox</title><h1>Sign in to the sandbox as</h1><form method="post">${buttons.join('')}</form></html>`,
    )
  } catch {
    response
      .writeHead(400, { 'content-type': 'text/plain; charset=utf-8' })
      .end('This sign-in has expired. Start again from the page that you came from.\n')
  }
}

/**
 * Asks for the key that `npm start` printed, once per browser. Without it, any program on this machine could sign in. The refusals stay
 * 403, so that a program that follows redirects notices.
 */
async function keyPage(secret: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const given = request.method === 'POST' ? (new URLSearchParams((await readBody(request)).toString('utf8')).get('key') ?? '') : undefined
  if (given !== undefined && sameText(given.trim(), secret))
    return void response
      // Below the path of the issuer, which its handler does not see.
      .writeHead(303, {
        location: (request as { originalUrl?: string }).originalUrl ?? '/',
        'set-cookie': keyCookie(secret),
        'cache-control': 'no-store',
      })
      .end()
  const wrong = given === undefined ? '' : '<p>This is not the key. Copy it again.</p>'
  response.writeHead(403, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  })
  response.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Key of the sandbox</title><h1>Enter the key of the sandbox</h1>${wrong}<p>The sandbox printed it, next to <em>Key</em>.</p><form method="post"><label>Key <input name="key" autocomplete="off" autofocus></label> <button>Continue</button></form></html>`,
  )
}

const sameText = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

export async function toolsProvider({ url, secret, audience }: Settings): Promise<RequestListener> {
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true })
  const provider = new Provider(url, {
    ...base(audience, 'RS256', await exportJWK(privateKey)),
    clients: [
      { client_id: TOOL_CLIENT, client_secret: secret, redirect_uris: [], grant_types: ['client_credentials'], response_types: [] },
    ],
  })
  return provider.callback()
}

const RESOURCE = 'urn:stint:sandbox'
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** Native clients would need a consent page, which the sandbox does not have. */
function withoutConsent() {
  const policy = interactionPolicy.base()
  policy.get('consent')?.checks.remove('native_client_prompt')
  return policy
}

function base(audience: string, alg: 'ES256' | 'RS256', key: object): Configuration {
  return {
    jwks: { keys: [{ ...key, alg, use: 'sig' } as never] },
    scopes: ['openid', 'offline_access'],
    cookies: { keys: [randomBytes(32).toString('hex')] },
    adapter: memoryStore(),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      deviceFlow: { enabled: true, mask: '****-****' },
      resourceIndicators: {
        enabled: true,
        // A resource is a URI (RFC 8707), which an audience need not be.
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: 'vend', audience, accessTokenFormat: 'jwt', jwt: { sign: { alg } } }),
      },
    },
    ttl: {
      AccessToken: 3600,
      ClientCredentials: 600,
      AuthorizationCode: 60,
      Session: 3600,
      Interaction: 600,
      Grant: 12 * 3600,
      IdToken: 3600,
      RefreshToken: 12 * 3600,
      DeviceCode: 600,
    },
    pkce: { required: () => true },
  }
}
