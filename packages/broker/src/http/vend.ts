/**
 * HTTP in front of the vend path: `POST /sessions`, `GET /credentials/{profile}` and (in token.ts) `POST /token`, over plain values. Errors
 * are reported in a fixed order: route, method, media type, size, then (on the vend path) token, body, profile, eligibility and the rest.
 */

import { sha256Hex } from '@stint/core/digest'
import { hex128 } from '@stint/core/ids'
import { toIso, toIsoSeconds } from '@stint/core/instant'
import type { Json } from '@stint/core/json'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { groupsOmittedHint, problems } from '@stint/core/problem'
import { type AccessRequest, stateAt } from '@stint/core/request/request'
import type { Ask } from '@stint/core/scope/terms'
import * as v from 'valibot'
import type { Broker } from '../ports/broker.ts'
import type { Call } from '../ports/ledger.ts'
import { bearerOf } from '../vend/identify.ts'
import { bucketSlot } from '../vend/slot.ts'
import { type EntryPoint, type VendResult, vend } from '../vend/vend.ts'
import { readObject } from './body.ts'
import { containerBar } from './container.ts'
import { container, render, sessionFacts } from './formats.ts'
import {
  type Answered,
  header,
  idempotencyKeyOf,
  MAX_BODY_BYTES,
  problemReply,
  type VendReply,
  type VendRequest,
  withNosniff,
} from './message.ts'
import { allowed, findRoute } from './routes.ts'
import { postToken, tokenRefusal } from './token.ts'
import { type Format, type VendBody, vendBody } from './vend-body.ts'

export const handleVend = async (broker: Broker, request: VendRequest): Promise<VendReply> => withNosniff(await handle(broker, request))

async function handle(broker: Broker, request: VendRequest): Promise<VendReply> {
  const call: Call = { trace: hex128(broker.random), source: request.sourceIp, now: broker.clock() }
  try {
    const { reply, result } = await answer(broker, call, request)
    broker.log(logLine(call, request, reply, result))
    return reply
  } catch (error) {
    // A bug. Nothing is returned. The log gets the error's name and stack, never any values.
    broker.log({
      level: 'error',
      trace: call.trace,
      path: routeOf(request),
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
    const failure = refused('internal', 'Stint failed. No credentials were returned.')
    if (request.path === '/token') return tokenRefusal(failure, call)
    return request.path.startsWith('/credentials/')
      ? containerRefusal(failure, call)
      : problemReply(failure.code, failure.detail, call.trace)
  }
}

async function answer(broker: Broker, call: Call, request: VendRequest): Promise<Answered> {
  const found = findRoute(request.path)
  if (!found) return { reply: problemReply('route-unknown', 'Unknown route.', call.trace) }
  const allow = allowed(found.route).join(', ')
  if (request.method === 'OPTIONS') return { reply: { status: 204, headers: { allow, 'stint-trace': call.trace }, body: '' } }
  if (found.route.path === '/sessions' && request.method === 'POST') return postSessions(broker, call, request)
  if (found.route.path === '/credentials/{profile}' && request.method === 'GET')
    return getCredentials(broker, call, request, found.parameter ?? '')
  if (found.route.path === '/token' && request.method === 'POST') return postToken(broker, call, request)
  const refusal = problemReply('method-not-allowed', `This route accepts ${allow}.`, call.trace)
  return { reply: { ...refusal, headers: { ...refusal.headers, allow } } }
}

// ── POST /sessions ───────────────────────────────────────────────────────────────────────────────────────────────────

async function postSessions(broker: Broker, call: Call, request: VendRequest): Promise<Answered> {
  const media = header(request, 'content-type')
  if (media.length !== 1 || !/^application\/json\s*(;\s*charset=utf-8\s*)?$/i.test(media[0] ?? '')) {
    return { reply: problemReply('media-type', 'The body must be application/json.', call.trace) }
  }
  if (request.body.length > MAX_BODY_BYTES)
    return { reply: problemReply('body-too-large', `The body is larger than ${MAX_BODY_BYTES} bytes.`, call.trace) }

  let format = 'json' as Format // Set when the vend path reads the body, after the token.
  const idempotency = idempotencyKeyOf(header(request, 'idempotency-key'))
  if (idempotency === 'odd')
    return { reply: problemReply('body-invalid', 'Idempotency-Key must be one string of 1 to 128 printable characters.', call.trace) }
  const entry: EntryPoint = {
    shown: bearerOf(header(request, 'authorization')),
    ...(idempotency ? { idempotency: { ...idempotency, fingerprint: sha256Hex(request.body) } } : {}),
    readAsk() {
      const body = parseBody(request.body)
      if (body.outcome === 'refused') return body
      const { format: wanted, ...ask } = body.value
      format = wanted ?? 'json'
      if (format === 'console' && !broker.signIn) return refused('format-invalid', 'This deployment has no console sign-in.')
      return done(ask as Ask)
    },
  }
  const result = await vend(broker, call, entry)
  if (result.outcome === 'refused') {
    const hint = result.caller?.groupsOmitted ? { hint: groupsOmittedHint } : {}
    return { reply: problemReply(result.code, result.detail, call.trace, { ...result.extra, ...hint }), result }
  }
  if (result.outcome === 'waiting') return { reply: waitingReply(call, result.request), result }
  if (format === 'console') return consoleReply(broker, call, result)
  const { type, body } = render(format, result.value)
  return { reply: { status: 201, headers: secretHeaders(type, call, `/sessions/${result.value.session}`), body }, result }
}

/** How often the caller should check for a decision, in seconds. */
const LOOK_AGAIN_SECONDS = 5

/** RFC 9110 §15.3.3: accepted, not done. Says where and when to look again. */
function waitingReply(call: Call, request: AccessRequest): VendReply {
  const body = JSON.stringify({
    requestId: request.id,
    state: stateAt(request, call.now),
    profile: request.profile,
    expiresAt: toIso(request.expiresAt),
  })
  const headers = { ...secretHeaders('application/json', call, `/requests/${request.id}`), 'retry-after': String(LOOK_AGAIN_SECONDS) }
  return { status: 202, headers, body }
}

/** Checks the types against the schema. An error names the path of the property and never repeats what was sent. */
function parseBody(bytes: Uint8Array): Done<VendBody> | Refused {
  const read = readObject(bytes)
  if (read.outcome === 'refused') return read
  const body = read.value
  const checked = v.safeParse(vendBody, body)
  if (checked.success) return done(body as VendBody)
  // The vend path reports invalid values, in its own order: profile before parameters before duration.
  const paths = checked.issues.map((issue) => v.getDotPath(issue) ?? '')
  if (paths.every((path) => path === 'duration' || /^parameters\../.test(path))) return done(body as VendBody)
  const [issue] = checked.issues
  const [path] = paths
  if (path === 'profile' && body.profile === undefined) return refused('profile-required', 'The profile property is missing.')
  if (path === 'format') return refused('format-invalid', 'format must be json, env, process, container or console.')
  const unknown = issue.type === 'strict_object' && issue.expected === 'never'
  return refused('body-invalid', unknown ? 'The body has an unknown property.' : `The property ${path} has the wrong type.`)
}

/** The sign-in URL is itself a secret, so it is returned in the body, and created only after the session has been recorded. */
async function consoleReply(broker: Broker, call: Call, result: Extract<VendResult, { outcome: 'done' }>): Promise<Answered> {
  const url = await broker.signIn?.url(result.value.assumed.credentials)
  if (url?.outcome !== 'done') {
    return {
      reply: problemReply(
        'sts-timeout',
        'AWS sign-in did not answer. The session is recorded, and its credentials were not returned.',
        call.trace,
      ),
      result,
    }
  }
  const body = JSON.stringify({ ...sessionFacts(result.value), expiration: toIsoSeconds(result.value.expiration), signInUrl: url.value })
  return { reply: { status: 201, headers: secretHeaders('application/json', call, `/sessions/${result.value.session}`), body }, result }
}

// ── GET /credentials/{profile} ───────────────────────────────────────────────────────────────────────────────────────

async function getCredentials(broker: Broker, call: Call, request: VendRequest, profile: string): Promise<Answered> {
  const entry: EntryPoint = {
    shown: bearerOf(header(request, 'authorization')),
    readAsk: () => parametersOf(profile, request.query),
    admits: (found, caller, approval) => containerBar(found, approval, broker.rules.issuers[caller.issuer]),
    slot: bucketSlot,
  }
  const result = await vend(broker, call, entry)
  if (result.outcome === 'waiting') throw new TypeError('this entry point does not serve profiles that need approval')
  if (result.outcome === 'done')
    return {
      reply: { status: 200, headers: secretHeaders('application/json', call), body: JSON.stringify(container(result.value)) },
      result,
    }
  return { reply: containerRefusal(result, call), result }
}

/** SDKs put these two properties into their error. */
function containerRefusal({ code, detail, extra }: Refused, call: Call): VendReply {
  const { status, headers } = problemReply(code, detail, call.trace, extra)
  const body = JSON.stringify({ Code: code, Message: `${problems[code].title}: ${detail} (trace ${call.trace})` })
  return { status, headers: { ...headers, 'content-type': 'application/json' }, body }
}

/** Reads `p.<name>=<value>`. Any other or repeated query parameter is reported as an unknown parameter of the profile. */
function parametersOf(profile: string, query: string): Done<Ask> {
  const members = new URLSearchParams(query)
  const parameters = [...new Set(members.keys())].map((name): [string, Json] => {
    const values = members.getAll(name)
    return [name.startsWith('p.') ? name.slice(2) : `?${name}`, values.length === 1 ? (values[0] as string) : values]
  })
  return done({ profile, parameters: Object.fromEntries(parameters) })
}

// ── Both ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const secretHeaders = (type: string, call: Call, location?: string): Record<string, string> => ({
  'content-type': type,
  'cache-control': 'no-store',
  'stint-trace': call.trace,
  ...(location === undefined ? {} : { location }),
})

/** Log the route and never the path: the path is the caller's input. */
const routeOf = (request: VendRequest): string => findRoute(request.path)?.route.path ?? 'unknown'

/** One line per call. It names the caller and the session, and never holds a token or a credential. */
function logLine(call: Call, request: VendRequest, reply: VendReply, result: VendResult | undefined) {
  const caller = result?.outcome === 'done' ? result.value.caller : result?.caller
  return {
    level: reply.status >= 500 ? 'error' : 'info',
    trace: call.trace,
    method: request.method,
    route: routeOf(request),
    status: reply.status,
    source: call.source,
    ...(caller ? { issuer: caller.issuer, subject: caller.subject } : {}),
    ...(result?.profile ? { profile: result.profile.slice(0, 48) } : {}),
    ...(result?.outcome === 'done'
      ? { session: result.value.session, packedPolicySize: result.value.assumed.packedPolicySize, sends: result.value.assumed.sends }
      : {}),
    ...(result?.outcome === 'waiting' ? { request: result.request.id } : {}),
    ...(result?.outcome === 'refused'
      ? { code: result.code, reason: result.operator ?? result.detail, ...(result.extra?.gate ? { gate: result.extra.gate } : {}) }
      : {}),
  }
}
