/** The caller's side: broker, clock, token, issuer and profile, in this order. What depends on a failed check is skipped. */
import { type Broker, brokerFor } from '../broker/broker.ts'
import { pages } from '../broker/pages.ts'
import type { ProfileView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags } from '../frame/flags.ts'
import { objectIn, type Reply } from '../frame/http.ts'
import { commandFor } from '../profiles/profiles.ts'
import { unverifiedClaims } from '../sign-in/issuer.ts'
import type { Check } from './check.ts'
import { judgeClock, judgeToken } from './judge-caller.ts'

export async function callerChecks(context: Context, flags: BrokerFlags, profile: string | undefined): Promise<readonly Check[]> {
  const skipped = (names: readonly string[], says: string): readonly Check[] => names.map((check) => ({ check, state: 'skipped', says }))
  const rest = ['token', 'issuer', 'sign-in', ...(profile === undefined ? [] : ['profile'])]
  let broker: Broker
  try {
    broker = await brokerFor(context, flags)
  } catch (error) {
    return [failed('broker', error), ...skipped(['clock', ...rest], 'no broker')]
  }
  const reached = await brokerChecks(broker)
  if (reached.some(({ check, state }) => check === 'broker' && state === 'failed'))
    return [...reached, ...skipped(rest, 'the broker is unreachable')]
  return [...reached, ...(await signInChecks(broker, profile, skipped))]
}

function failed(check: string, error: unknown, says?: string): Check {
  if (!(error instanceof Failure)) throw error
  const { next, code, trace } = error.facts
  const origin = code === undefined ? '' : ` (${code}${trace === undefined ? '' : `, trace ${trace}`})`
  return { check, state: 'failed', says: says ?? `${error.message}${origin}`, ...(next === undefined ? {} : { fix: next }) }
}

async function brokerChecks({ send, url }: Broker): Promise<readonly Check[]> {
  const sentAtMs = Date.now()
  let reply: Reply
  try {
    reply = await send(`${url}/readyz`)
  } catch (error) {
    return [failed('broker', error), { check: 'clock', state: 'skipped', says: 'the broker is unreachable' }]
  }
  return [readiness(url, reply), judgeClock(reply.headers.date, sentAtMs, Date.now())]
}

function readiness(url: string, reply: Reply): Check {
  const status = objectIn(reply)?.status
  if (status === 'ready') return { check: 'broker', state: 'ok', says: `${url} is ready` }
  if (status === 'frozen')
    return { check: 'broker', state: 'warning', says: `${url} is frozen`, fix: 'See what is frozen: stint freeze. Responders release it.' }
  if (status === 'not-ready')
    return { check: 'broker', state: 'failed', says: `${url} is not ready`, fix: 'Ask its operators, who see the cause at /readyz.' }
  return {
    check: 'broker',
    state: 'failed',
    says: `${url} returned ${reply.status}, and the response is not from a Stint broker`,
    fix: 'Check the URL, and what is in front of the broker: stint context',
  }
}

type Skipped = (names: readonly string[], says: string) => readonly Check[]

async function signInChecks(broker: Broker, profile: string | undefined, skipped: Skipped): Promise<readonly Check[]> {
  const later = profile === undefined ? [] : ['profile']
  let token: string
  try {
    token = await broker.token()
  } catch (error) {
    return [failed('token', error), ...skipped(['issuer', 'sign-in', ...later], 'there is no token')]
  }
  const claims = unverifiedClaims(token)
  const judged = judgeToken({ claims, from: broker.tokenFrom, renews: broker.named !== undefined, url: broker.url }, Date.now())
  const known = await issuersOf(broker)
  try {
    const list = await pages<ProfileView>(broker, '/profiles', {}, 'profiles')
    const issuer: Check = { check: 'issuer', state: 'ok', says: `the broker accepts tokens of ${String(claims.iss)}` }
    const signedIn: Check = { check: 'sign-in', state: 'ok', says: `accepted; you see ${list.length} profiles` }
    return [judged, issuer, signedIn, ...(profile === undefined ? [] : [profileCheck(list, profile)])]
  } catch (error) {
    return [judged, issuerCheck(claims.iss, known), failed('sign-in', error), ...skipped(later, 'the broker did not accept the token')]
  }
}

/** The issuers with a sign-in for the command line. Others, such as those of jobs, are not published. */
async function issuersOf({ send, url }: Broker): Promise<readonly unknown[]> {
  const reply = await send(`${url}/.well-known/oauth-protected-resource`).catch(() => undefined)
  const servers = reply?.ok ? objectIn(reply)?.authorization_servers : undefined
  return Array.isArray(servers) ? servers : []
}

function issuerCheck(issuer: unknown, known: readonly unknown[]): Check {
  if (typeof issuer !== 'string')
    return { check: 'issuer', state: 'failed', says: 'the token names no issuer', fix: 'Get a JWT of your issuer.' }
  if (known.includes(issuer)) return { check: 'issuer', state: 'ok', says: `${issuer} is an issuer of the broker` }
  return {
    check: 'issuer',
    state: 'warning',
    says: `${issuer} is not among the issuers that the broker publishes: ${known.length === 0 ? 'none' : known.join(', ')}`,
    fix: 'Check that the token is for this broker, or ask the owners of stint.config.ts to add the issuer.',
  }
}

function profileCheck(list: readonly ProfileView[], id: string): Check {
  const found = list.find((one) => one.id === id)
  if (!found)
    return {
      check: 'profile',
      state: 'failed',
      says: `${id}: not found, or not visible to you`,
      fix: 'See what you can use: stint profiles',
    }
  if (found.access === 'refused')
    return {
      check: 'profile',
      state: 'failed',
      says: `${id}: ${found.missing.join(', ')}`,
      fix: `Show what is missing: stint profiles ${id}`,
    }
  const access = found.access === 'allowed' ? 'allowed' : 'needs approval'
  return { check: 'profile', state: 'ok', says: `${id}: ${access}; use it with ${commandFor(found)}` }
}
