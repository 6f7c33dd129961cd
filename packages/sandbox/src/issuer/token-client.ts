/**
 * Signs in without a browser: sends the same requests as a browser, one after the other, and keeps the cookies.
 * Used by `npm run token` and by the tests.
 */
import { createHash, randomBytes } from 'node:crypto'
import { boundedFetch } from '@stint/broker/adapters/bounded-fetch'
import { keyCookie } from '../guard.ts'
import { type CiJob, ciJobs } from './actions.ts'
import { PEOPLE_CLIENT, type PersonName, people, REDIRECT_URI, TOOL_CLIENT } from './people.ts'

type IssuerAddress = { readonly url: string; readonly secret: string }

const bounds = { timeoutMs: 30_000, maxBytes: 1024 * 1024 } as const

export const identities: readonly string[] = [...Object.keys(people), 'tool', ...ciJobs]

/** The issuer, as a path below the issuers' URL, that signs an identity's tokens. */
export function issuerOf(identity: string): 'people' | 'tools' | 'actions' {
  if (Object.hasOwn(people, identity)) return 'people'
  return identity === 'tool' ? 'tools' : 'actions'
}

/** Returns a token for one of the sandbox's identities. */
export async function signIn(name: string, issuer: IssuerAddress): Promise<string> {
  if (Object.hasOwn(people, name)) return signInPerson(name as PersonName, issuer)
  if (name === 'tool') return signInTool(issuer)
  if (ciJobs.includes(name as CiJob)) return runnerToken(name as CiJob, issuer)
  throw new RangeError(`unknown identity '${name}'. Use one of ${identities.join(', ')}`)
}

/** RFC 6749 §4.1 with PKCE (RFC 7636). */
async function signInPerson(name: PersonName, issuer: IssuerAddress): Promise<string> {
  const base = `${issuer.url}/people`
  const jar = new Map<string, string>([keyCookie(issuer.secret).split(';')[0]?.split('=') as [string, string]])
  const verifier = randomBytes(32).toString('base64url')
  const authorize = new URLSearchParams({
    client_id: PEOPLE_CLIENT,
    response_type: 'code',
    scope: 'openid vend',
    redirect_uri: REDIRECT_URI,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    prompt: 'login',
  })
  const form = await step(`${base}/auth?${authorize}`, jar)
  const submitted = await step(form, jar, new URLSearchParams({ login: name }))
  const redirected = await step(submitted, jar)
  const code = new URL(redirected).searchParams.get('code')
  if (!redirected.startsWith(REDIRECT_URI) || !code) throw new Error('the sign-in did not return a code')
  return exchange(base, PEOPLE_CLIENT, issuer.secret, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier: verifier,
  })
}

/** RFC 6749 §4.4. */
const signInTool = (issuer: IssuerAddress): Promise<string> =>
  exchange(`${issuer.url}/tools`, TOOL_CLIENT, issuer.secret, { grant_type: 'client_credentials', scope: 'vend' })

/** Like a runner: calls the request URL with an audience, and the request token as bearer token. */
async function runnerToken(job: CiJob, issuer: IssuerAddress): Promise<string> {
  const headers = { authorization: `Bearer ${issuer.secret}` }
  const answer = await boundedFetch(`${issuer.url}/actions/jobs/${job}/token`, { ...bounds, headers })
  const body = JSON.parse(answer.text()) as { value?: string; message?: string }
  if (!body.value) throw new Error(`the runner's token was refused: ${body.message}`)
  return body.value
}

async function exchange(base: string, client: string, secret: string, form: Record<string, string>): Promise<string> {
  const answer = await boundedFetch(`${base}/token`, {
    ...bounds,
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
    body: new URLSearchParams(form),
  })
  const body = JSON.parse(answer.text()) as { access_token?: string; error_description?: string }
  if (!body.access_token) throw new Error(`no token: ${body.error_description ?? answer.status}`)
  return body.access_token
}

/** Sends one request and returns the redirect location. */
async function step(url: string, jar: Map<string, string>, form?: URLSearchParams): Promise<string> {
  const answer = await boundedFetch(url, {
    ...bounds,
    redirect: 'manual',
    headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
    ...(form ? { method: 'POST', body: form } : {}),
  })
  for (const cookie of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (name) jar.set(name, value ?? '')
  }
  const location = answer.headers.get('location')
  if (!location) throw new Error(`sign-in step answered ${answer.status} without a redirect`)
  return new URL(location, url).href
}
