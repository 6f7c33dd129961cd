/** `stint whoami` and `stint status`. */

import { type Broker, brokerFor } from '../broker/broker.ts'
import type { RequestView, SessionView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags } from '../frame/flags.ts'
import { left, tableText } from '../frame/words.ts'
import { jsonLine, shownLine } from '../output.ts'
import { expiryOf, unverifiedClaims } from '../sign-in/issuer.ts'

/** Who the broker says you are is what its decisions use, so the token is shown only after the broker has accepted it. */
async function identityOf(broker: Broker) {
  const token = await broker.token()
  await broker.call('GET', '/sessions?limit=1&mine=true')
  const { iss, sub, name } = unverifiedClaims(token)
  const expiresAtMs = expiryOf(token)
  return {
    url: broker.url,
    issuer: String(iss ?? ''),
    subject: String(sub ?? ''),
    ...(typeof name === 'string' ? { name } : {}),
    token: broker.tokenFrom,
    ...(expiresAtMs === undefined ? {} : { tokenExpiresAt: new Date(expiresAtMs).toISOString() }),
  }
}

export async function whoami(context: Context, flags: BrokerFlags): Promise<void> {
  const me = await identityOf(await brokerFor(context, flags))
  const { stdout } = context.process
  stdout.write(
    flags.json
      ? jsonLine(me)
      : `${me.name === undefined ? '' : `${shownLine(me.name)}  `}${shownLine(me.subject)} at ${shownLine(me.issuer)}\n`,
  )
}

export async function status(context: Context, flags: BrokerFlags): Promise<void> {
  const { stdout } = context.process
  const broker = await brokerFor(context, flags)
  const ready = await readinessOf(broker)
  const me = await identityOf(broker)
  const [{ body: requestsBody }, { body: sessionsBody }] = await Promise.all([
    broker.call('GET', '/requests?mine=true&limit=100'),
    broker.call('GET', '/sessions?mine=true&limit=100'),
  ])
  const now = Date.now()
  const requests = (requestsBody.requests as RequestView[]).filter(
    ({ state, usesLeft }) => state === 'pending' || (state === 'approved' && (usesLeft ?? 0) > 0),
  )
  const sessions = (sessionsBody.sessions as SessionView[]).filter(({ state }) => state === 'issued')
  if (flags.json) return void stdout.write(jsonLine({ broker: ready, ...me, requests, sessions }))
  stdout.write(`Broker     ${broker.url} (${ready})\n`)
  const until = me.tokenExpiresAt === undefined ? '' : `, token for ${left(me.tokenExpiresAt, now)}`
  stdout.write(`Signed in  ${shownLine(me.name ?? me.subject)} (${shownLine(me.subject)})${until}, from ${me.token}\n`)
  stdout.write(`\nOpen requests: ${requests.length}\n`)
  if (requests.length > 0)
    stdout.write(
      tableText(
        ['request', 'profile', 'state', 'time left'],
        requests.map(({ id, profile, state, expiresAt, window }) => [id, profile, state, leftOf(window?.expiresAt ?? expiresAt, now)]),
      ),
    )
  stdout.write(`\nLive sessions: ${sessions.length}\n`)
  if (sessions.length > 0)
    stdout.write(
      tableText(
        ['session', 'profile', 'time left'],
        sessions.map(({ id, profile, expiresAt }) => [id, profile, left(expiresAt, now)]),
      ),
    )
}

const leftOf = (iso: string | undefined, now: number): string => (iso === undefined ? '–' : left(iso, now))

async function readinessOf({ send, url }: Broker): Promise<string> {
  const reply = await send(`${url}/readyz`)
  try {
    const { status: word } = JSON.parse(reply.text) as { status: string }
    if (['ready', 'frozen', 'not-ready'].includes(word)) return word
  } catch {
    // Not a broker.
  }
  throw new Failure('unreachable', `${url} returned ${reply.status}, and the response is not from a Stint broker.`, {
    next: 'Check the URL: stint context',
  })
}
