/**
 * `POST /token`: OAuth 2.0 Token Exchange (RFC 8693) as a second endpoint of the vend path, for runners and tools that already support it.
 * The caller's token is the `subject_token`, the profile is the `resource`. The `access_token` in the response is the container credentials
 * JSON in base64url, which no resource server accepts, so `token_type` is N_A. Errors follow RFC 6749 §5.2 and RFC 8693 §2.2.2, with
 * Stint's own code in addition.
 */
import { defined } from '@stint/core/defined'
import { type Json, own } from '@stint/core/json'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { type ProblemCode, problems, type StepUp } from '@stint/core/problem'
import { extensionsOf, problemHeaders, stepUpOf } from '@stint/core/problem-body'
import type { AccessInput } from '@stint/core/scope/terms'
import type { Broker } from '../ports/broker.ts'
import type { Call } from '../ports/ledger.ts'
import { identify, type PresentedToken } from '../vend/identify.ts'
import { vend } from '../vend/vend.ts'
import { container } from './formats.ts'
import { type Answered, header, MAX_FORM_BYTES, type VendReply, type VendRequest } from './message.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ISSUED_TYPE = 'urn:stint:params:oauth:token-type:aws-credentials'
/** RFC 8693 §3. A `jwt` can be an ID token or an access token; the other types must match a use for which the issuer is trusted. */
const subjectTypes: Readonly<Record<string, Pick<PresentedToken, 'use'>>> = {
  'urn:ietf:params:oauth:token-type:jwt': {},
  'urn:ietf:params:oauth:token-type:id_token': { use: 'id' },
  'urn:ietf:params:oauth:token-type:access_token': { use: 'access' },
}
/** Stint's own form fields, in addition to the standard's; each parameter of the profile is `p.<name>`. */
const members = {
  duration: 'duration',
  justification: 'justification',
  ticket: 'ticket',
  request_id: 'requestId',
} as const

export async function postToken(broker: Broker, call: Call, request: VendRequest): Promise<Answered> {
  const form = readForm(request)
  if (form.outcome === 'refused') return { reply: tokenRefusal(form, call, form.error) }
  const { shown, ask } = form.value
  const identity = await identify(broker, done(shown), call.now)
  if (identity.outcome === 'refused') return { reply: tokenRefusal(identity, call), result: identity }
  const result = await vend(broker, call, identity.value, ask)
  if (result.outcome === 'refused') return { reply: tokenRefusal(result, call), result }
  if (result.outcome === 'waiting') return { reply: waitingReply(result.request.id, call), result }
  const body = {
    access_token: Buffer.from(JSON.stringify(container(result.value))).toString('base64url'),
    issued_token_type: ISSUED_TYPE,
    token_type: 'N_A',
    expires_in: Math.max(0, Math.floor((result.value.expiration - broker.clock()) / 1000)),
    session: result.value.session,
  }
  return { reply: reply(200, body, call), result }
}

/** RFC 8693 has no response for "later": the request that is waiting for approval is named in the error. */
function waitingReply(request: string, call: Call): VendReply {
  const detail = `Approval is required. Once approved, repeat the call with request_id=${request}.`
  return tokenRefusal(refused('approval-required', detail), call, undefined, { request_id: request })
}

type Form = { readonly shown: PresentedToken; readonly ask: AccessInput }
/** A faulty form, with RFC 6749's error code where it is not `invalid_request`. */
type BadForm = Refused<'body-invalid' | 'media-type' | 'body-too-large'> & { readonly error?: string }

/** Reports every error of the form itself before the token is verified. */
function readForm(request: VendRequest): Done<Form> | BadForm {
  const media = header(request, 'content-type')
  if (media.length !== 1 || !/^application\/x-www-form-urlencoded\s*(;\s*charset=utf-8\s*)?$/i.test(media[0] ?? ''))
    return refused('media-type', 'The body must be application/x-www-form-urlencoded.')
  if (request.body.length > MAX_FORM_BYTES) return refused('body-too-large', `The body is larger than ${MAX_FORM_BYTES} bytes.`)
  // RFC 6749 §2.3: a client must not use more than one authentication method.
  if (header(request, 'authorization').length > 0)
    return bad('The token belongs in subject_token. Remove the Authorization header.', 'invalid_client')

  const text = Buffer.from(request.body).toString('utf8')
  const given = new URLSearchParams(text)
  const form = new Map(given)
  if (form.size !== [...given.keys()].length) return bad('A parameter appears more than once.')
  if (text.includes('\uFFFD') || [...form].flat().some((part) => part.includes('\uFFFD'))) return bad('The body must be UTF-8.')
  // RFC 6749 §3.2: a parameter without a value is treated as if it were omitted.
  for (const [name, value] of form) if (value === '' && !name.startsWith('p.')) form.delete(name)
  if (form.get('grant_type') !== GRANT) return bad(`grant_type must be ${GRANT}.`, 'unsupported_grant_type')
  const type = own(subjectTypes, form.get('subject_token_type') ?? '')
  const token = form.get('subject_token')
  if (!token || !type) return bad('subject_token and subject_token_type (jwt, id_token or access_token) are required.')
  if (form.has('actor_token') || form.has('actor_token_type')) return bad('actor_token is not supported.')
  if ((form.get('requested_token_type') ?? ISSUED_TYPE) !== ISSUED_TYPE) return bad(`The only token issued is ${ISSUED_TYPE}.`)
  if (form.get('scope')) return bad('scope is not supported. The profile defines what a session can do.', 'invalid_scope')
  const profile = /^(?:urn:stint:profile:)?([^:]+)$/.exec(form.get('resource') ?? '')?.[1]
  if (profile === undefined || form.has('audience'))
    return bad('resource must name the profile, as urn:stint:profile:NAME. audience is not supported.', 'invalid_target')
  return done({ shown: { token, ...type }, ask: askOf(profile, form) })
}

/** The vend path checks the values, after the token. */
export function askOf(profile: string, form: ReadonlyMap<string, string>): AccessInput {
  const parameters = [...form].filter(([name]) => name.startsWith('p.')).map(([name, value]): [string, Json] => [name.slice(2), value])
  const own = Object.entries(members).flatMap(([name, member]) => (form.has(name) ? [[member, form.get(name)]] : []))
  // Form values are strings: one of digits only means seconds, as a number does in JSON.
  const duration = form.get('duration') ?? ''
  if (/^\d{1,6}$/.test(duration)) own.push(['duration', Number(duration) as never])
  return { profile, ...Object.fromEntries(own), ...(parameters.length > 0 ? { parameters: Object.fromEntries(parameters) } : {}) }
}

const bad = (detail: string, error = 'invalid_request'): BadForm => ({ ...refused('body-invalid', detail), error })

/** RFC 8693 §2.2.2: any problem with the subject token is `invalid_request`; a target that is not granted is `invalid_target`. */
const errors: { readonly [code: string]: string } = {
  'profile-unknown': 'invalid_target',
  'not-eligible': 'invalid_target',
  'source-ip': 'invalid_target',
  frozen: 'invalid_target',
  'approval-required': 'invalid_grant',
  'no-approver': 'invalid_grant',
  'window-not-started': 'invalid_grant',
  'request-unknown': 'invalid_grant',
  'request-not-pending': 'invalid_grant',
  'request-exhausted': 'invalid_grant',
  'request-ended': 'invalid_grant',
  'terms-changed': 'invalid_grant',
  'token-used': 'invalid_grant',
  'revoked-in-flight': 'invalid_grant',
}

/** What another sign-in must satisfy, in the terms of RFC 9470. */
const stepUpMembers = ({ acrValues, maxAge }: StepUp = {}) => ({
  ...(acrValues ? { acr_values: acrValues.join(' ') } : {}),
  ...defined({ max_age: maxAge }),
})

const isTrouble = (status: number): boolean => status >= 500 || status === 429

export const tokenStatus = (code: ProblemCode): number => {
  const { status } = problems[code]
  return isTrouble(status) || status === 413 || status === 415 ? status : 400
}

/** 400, except for failures that are not the fault of the form, the token or the target: RFC 6749 defines no other status for those. */
export function tokenRefusal(refusal: Refused, call: Call, oauthError?: string, more: object = {}): VendReply {
  const { code, detail } = refusal
  const { stepUp: _stepUp, ...rest } = extensionsOf(refusal)
  const { status: usual, next } = problems[code]
  const trouble = usual === 500 || usual === 502 ? 'server_error' : isTrouble(usual) ? 'temporarily_unavailable' : undefined
  const error = oauthError ?? errors[code] ?? trouble ?? 'invalid_request'
  const status = error === 'invalid_client' ? 401 : tokenStatus(code)
  // RFC 6749 §5.2 excludes quotes, backslashes and everything beyond ASCII.
  const description = detail.replaceAll('"', "'").replace(/[^\x20-\x5B\x5D-\x7E]/g, '?')
  const answer = reply(
    status,
    { error, error_description: description, code, next, ...rest, ...more, ...stepUpMembers(stepUpOf(refusal)) },
    call,
  )
  const { 'retry-after': retryAfter } = problemHeaders(refusal)
  return {
    ...answer,
    headers: {
      ...answer.headers,
      ...defined({ 'retry-after': retryAfter }),
      ...(status === 401 ? { 'www-authenticate': 'Bearer realm="stint"' } : {}),
    },
  }
}

/** RFC 6749 §5.1: the response must not be stored. */
const reply = (status: number, body: object, call: Call): VendReply => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache', 'stint-trace': call.trace },
  body: JSON.stringify({ ...body, trace: call.trace }),
})
