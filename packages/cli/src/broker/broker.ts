/** The broker that a command talks to: which one, as whom, and how its refusals are shown. */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { defined } from '@stint/core/defined'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags } from '../frame/flags.ts'
import { checkedUrl, objectIn, type Reply, type Send, sender } from '../frame/http.ts'
import { shownLine } from '../output.ts'
import { type Named, nameOf, readContexts } from '../sign-in/contexts.ts'
import { currentToken } from '../sign-in/current-token.ts'
import { machineToken } from '../sign-in/machine-token.ts'
import { failureFrom } from './refusals.ts'

export type Called = { readonly status: number; readonly body: Record<string, unknown>; readonly headers: Reply['headers'] }
type CallOptions = {
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** For the words of a refusal: the profile that the call is about. */
  readonly profile?: string
  /** A POST that is safe to repeat: with an Idempotency-Key, or because the broker recognizes the same body (`body`). */
  readonly repeatable?: 'key' | 'body'
}
export type Broker = {
  readonly url: string
  /** The context with which you are signed in; undefined with a token of your own. */
  readonly named?: Named
  /** The name of that context. */
  readonly name?: string
  /** Where the token comes from, for a person. */
  readonly tokenFrom: string
  readonly send: Send
  readonly token: () => Promise<string>
  /** Throws a `Failure` unless the status is 200 to 299. */
  readonly call: (method: string, path: string, options?: CallOptions) => Promise<Called>
}

export const sendFor = ({ process: { env, stderr } }: Context): Send =>
  sender(env, env.STINT_DEBUG ? (line) => void stderr.write(`debug: ${shownLine(line, 500)}\n`) : undefined)

type Where = Pick<BrokerFlags, 'url' | 'context' | 'tokenFile'>

/** Which broker: --url, --context, $STINT_URL, or the current context, in this order. */
export async function placeOf({ process: { env } }: Context, flags: Where): Promise<{ url: string; named?: Named; name?: string }> {
  const known = await readContexts(env)
  const { current, contexts } = known
  if (flags.url !== undefined && flags.context !== undefined)
    throw new Failure('usage', '--url and --context cannot be used together.', { next: 'Leave one of them out: stint context' })
  const name = flags.context ?? (flags.url === undefined && !env.STINT_URL ? current : undefined)
  if (name !== undefined) {
    const named = Object.hasOwn(contexts, name) ? contexts[name] : undefined
    if (!named || name === undefined) throw new Failure('usage', `There is no context '${name}'.`, { next: 'List them: stint context' })
    return { url: named.url, named, name }
  }
  const given = flags.url ?? env.STINT_URL
  if (!given) throw new Failure('signIn', 'No broker is chosen.', { next: 'Run stint login URL, or set --url or $STINT_URL.' })
  const url = checkedUrl(given, 'the broker')
  const signedIn = nameOf(known, url)
  return { url, ...(signedIn === undefined ? {} : defined({ named: contexts[signedIn], name: signedIn })) }
}

export async function brokerFor(context: Context, flags: Where): Promise<Broker> {
  const { env } = context.process
  const { url, named, name } = await placeOf(context, flags)
  const send = sendFor(context)
  const machine = machineToken(env, send, url, flags)
  const token = async (refused?: string) => {
    if (machine) return machine.token()
    if (!named || name === undefined)
      throw new Failure('signIn', `You are not signed in to ${url}.`, { next: `Run stint login ${url}, or set $STINT_TOKEN.` })
    return currentToken(env, send, name, named, Date.now, refused)
  }
  return {
    url,
    ...(named && !machine ? defined({ named, name }) : {}),
    tokenFrom: machine?.from ?? 'stint login',
    send,
    token,
    async call(method, path, options = {}) {
      const shown = await token()
      try {
        return await calling(send, url, shown, method, path, options)
      } catch (error) {
        // A renewal needs a token that is younger than an hour, and issuers give out older ones.
        if (!(error instanceof Failure) || error.facts.code !== 'token-expired' || machine) throw error
        const fresh = await token(shown)
        if (fresh === shown) throw error
        return calling(send, url, fresh, method, path, options)
      }
    },
  }
}

/** Failures that can pass: a dependency of the broker did not answer. */
const PASSING = [503, 504]
const ATTEMPTS = 3
const LONGEST_PAUSE_MS = 5000

async function calling(send: Send, url: string, token: string, method: string, path: string, options: CallOptions): Promise<Called> {
  const repeatable = method === 'GET' || options.repeatable !== undefined
  const ask = {
    method,
    headers: {
      ...options.headers,
      authorization: `Bearer ${token}`,
      ...(options.body ? { 'content-type': 'application/json' } : {}),
      ...(options.repeatable === 'key' ? { 'idempotency-key': randomUUID() } : {}),
    },
    ...(options.body ? { body: JSON.stringify(options.body) } : {}),
    ...defined({ timeoutMs: options.timeoutMs, signal: options.signal }),
  }
  for (let attempt = 1; ; attempt++) {
    const reply = await send(`${url}${path}`, ask)
    if (repeatable && attempt < ATTEMPTS && PASSING.includes(reply.status)) {
      await sleep(
        Math.min(LONGEST_PAUSE_MS, 1000 * Number(reply.headers['retry-after'] ?? 1) || 1000),
        undefined,
        defined({ signal: options.signal }),
      )
      continue
    }
    if (!reply.ok) throw failureFrom(url, reply, options.profile, path)
    const body = reply.text === '' ? {} : objectIn(reply)
    if (!body)
      throw new Failure('unreachable', `${url} answered ${reply.status} without JSON.`, {
        next: 'Check that this is the URL of a broker: stint status',
      })
    return { status: reply.status, body, headers: reply.headers }
  }
}
