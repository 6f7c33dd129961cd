/**
 * `POST /sessions`: a token and a profile in, credentials out. Errors are reported in a fixed order: media type, size, token, body, and then
 * those of the vend path.
 */
import { sha256Hex } from '@stint/core/digest'
import type { Caller } from '@stint/core/identity/caller'
import { toIso } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { type AccessRequest, stateAt } from '@stint/core/request/request'
import type { AccessInput } from '@stint/core/scope/terms'
import type { Broker } from '../ports/broker.ts'
import type { Call } from '../ports/ledger.ts'
import { bearerOf, identify } from '../vend/identify.ts'
import { recordRefusal } from '../vend/record-refusal.ts'
import { type Vended, vend } from '../vend/vend.ts'
import { readObject } from './body.ts'
import { bodyFaults } from './body-faults.ts'
import { render } from './formats.ts'
import {
  type Answered,
  header,
  idempotencyKeyOf,
  isJson,
  MAX_BODY_BYTES,
  secretHeaders,
  type VendReply,
  type VendRequest,
} from './message.ts'
import type { Format, VendBody } from './vend-body.ts'

export async function postSession(broker: Broker, call: Call, request: VendRequest): Promise<Answered> {
  if (!isJson(header(request, 'content-type')))
    return { reply: await problemReply(refused('media-type', 'The body must be application/json.'), call) }
  if (request.body.length > MAX_BODY_BYTES)
    return { reply: await problemReply(refused('body-too-large', `The body is larger than ${MAX_BODY_BYTES} bytes.`), call) }
  const key = idempotencyKeyOf(header(request, 'idempotency-key'))
  if (key === 'odd') return { reply: await problemReply(oddKey, call) }

  const identity = await identify(broker, bearerOf(header(request, 'authorization')), call.now)
  if (identity.outcome === 'refused') return { reply: await problemReply(identity, call), result: identity }
  const caller = identity.value
  const body = readBody(broker, request.body)
  if (body.outcome === 'refused') {
    await recordRefusal(broker, call, caller, '', body)
    return { reply: await problemReply(body, call, caller), result: { ...body, caller } }
  }
  const { format = 'json', ...ask } = body.value
  const idempotency = key && { idempotency: { ...key, fingerprint: sha256Hex(request.body) } }
  const result = await vend(broker, call, caller, ask as AccessInput, idempotency)
  if (result.outcome === 'refused') return { reply: await problemReply(result, call, caller), result }
  if (result.outcome === 'waiting') return { reply: waitingReply(call, result.request), result }
  return { reply: await credentialsReply(broker, call, result.value, format, 201), result }
}

const oddKey = refused('body-invalid', 'Idempotency-Key must be one string of 1 to 128 printable characters.')

/** Loaded when first needed: see problem-reply.ts. */
async function problemReply(refusal: Refused, { trace }: Call, caller?: Caller): Promise<VendReply> {
  const [reply, { groupsOmittedHint }] = await Promise.all([import('./problem-reply.ts'), import('@stint/core/problem-body')])
  return reply.problemReply(refusal, trace, caller?.groupsOmitted ? groupsOmittedHint : undefined)
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

function readBody({ signIn }: Broker, bytes: Uint8Array): Done<VendBody> | Refused<'body-invalid' | 'profile-required' | 'format-invalid'> {
  const parsed = parseBody(bytes)
  if (parsed.outcome === 'refused' || parsed.value.format !== 'console' || signIn) return parsed
  return refused('format-invalid', 'This deployment has no console sign-in.')
}

/** Checks the types. An error names the path of the property and never repeats what was sent. */
function parseBody(bytes: Uint8Array): Done<VendBody> | Refused<'body-invalid' | 'profile-required' | 'format-invalid'> {
  const read = readObject(bytes)
  if (read.outcome === 'refused') return read
  const body = read.value
  // The vend path reports invalid values, in its own order: profile before parameters before duration.
  const isValue = ({ path }: { readonly path: string }) => path === 'duration' || /^parameters\../.test(path)
  const faults = bodyFaults(body)
  const [first] = faults
  if (!first || faults.every(isValue)) return done(body as VendBody)
  if (first.kind === 'missing') return refused('profile-required', 'The profile property is missing.')
  if (first.path === 'format') return refused('format-invalid', 'format must be json, env, process, container or console.')
  return refused(
    'body-invalid',
    first.kind === 'unknown' ? 'The body has an unknown property.' : `The property ${first.path} has the wrong type.`,
  )
}

export async function credentialsReply(broker: Broker, call: Call, vended: Vended, format: Format, status: 200 | 201): Promise<VendReply> {
  // Loaded when first needed: few sessions are for the console.
  const rendered =
    format === 'console' ? await (await import('./console-format.ts')).renderConsole(broker, vended) : done(render(format, vended))
  if (rendered.outcome === 'refused') return problemReply(rendered, call)
  const { type, body } = rendered.value
  // The formats of AWS's tools have no room for more, so clients of all formats find the session and its end in headers.
  const headers = {
    ...secretHeaders(type, call, `/sessions/${vended.session}`),
    ...(vended.scope.endOnExit ? { 'stint-end-on-exit': 'true' } : {}),
  }
  return { status, headers, body }
}
