/** `POST` and `GET /sessions/{id}/credentials`: a further set of credentials for a session. `GET` is the container credentials protocol. */
import type { Caller } from '@stint/core/identity/caller'
import { parseSessionId, type SessionId } from '@stint/core/ids'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { unknownSession } from '@stint/core/request/session'
import type { Broker } from '../ports/broker.ts'
import type { Call } from '../ports/ledger.ts'
import { bearerOf, identify } from '../vend/identify.ts'
import { recordRefusal } from '../vend/record-refusal.ts'
import { renew } from '../vend/renew.ts'
import { readObject } from './body.ts'
import { formats } from './body-faults.ts'
import { container } from './formats.ts'
import { containerRefusal, containerToken } from './get-credentials.ts'
import { type Answered, header, isJson, MAX_BODY_BYTES, secretHeaders, type VendRequest } from './message.ts'
import { credentialsReply } from './post-session.ts'
import { problemReply } from './problem-reply.ts'
import type { Format } from './vend-body.ts'

const sessionIn = (text: string): SessionId | undefined => parseSessionId(text)?.session

export const sessionCredentials = (broker: Broker, call: Call, request: VendRequest, id: string): Promise<Answered> =>
  (request.method === 'GET' ? get : post)(broker, call, request, id)

async function post(broker: Broker, call: Call, request: VendRequest, id: string): Promise<Answered> {
  const media = header(request, 'content-type')
  if (!isJson(media) && (media.length > 0 || request.body.length > 0))
    return refusal(call, refused('media-type', 'The body must be application/json.'))
  if (request.body.length > MAX_BODY_BYTES)
    return refusal(call, refused('body-too-large', `The body is larger than ${MAX_BODY_BYTES} bytes.`))
  const identity = await identify(broker, bearerOf(header(request, 'authorization')), call.now)
  if (identity.outcome === 'refused') return refusal(call, identity)
  const caller = identity.value
  const format = formatIn(broker, request.body)
  const session = sessionIn(id)
  const odd = format.outcome === 'refused' ? format : session ? undefined : unknownSession
  if (format.outcome === 'refused' || !session) {
    await recordRefusal(broker, call, caller, '', odd ?? unknownSession)
    return refusal(call, odd ?? unknownSession, caller)
  }
  const result = await renew(broker, call, caller, session)
  if (result.outcome === 'refused') return { reply: problemReply(result, call.trace), result }
  return { reply: await credentialsReply(broker, call, result.value, format.value, 200), result }
}

async function get(broker: Broker, call: Call, request: VendRequest, id: string): Promise<Answered> {
  const identity = await identify(broker, containerToken(header(request, 'authorization')), call.now)
  if (identity.outcome === 'refused') return { reply: containerRefusal(identity, call), result: identity }
  const caller = identity.value
  const session = sessionIn(id)
  const odd = request.query === '' ? unknownSession : refused('body-invalid', 'This route has no query parameters.')
  if (request.query !== '' || !session) {
    await recordRefusal(broker, call, caller, '', odd)
    return { reply: containerRefusal(odd, call), result: { ...odd, caller } }
  }
  const result = await renew(broker, call, caller, session, { byContainer: true })
  if (result.outcome === 'refused') return { reply: containerRefusal(result, call), result }
  return { reply: { status: 200, headers: secretHeaders('application/json', call), body: JSON.stringify(container(result.value)) }, result }
}

const refusal = (call: Call, refusal: Refused, caller?: Caller): Answered => ({
  reply: problemReply(refusal, call.trace),
  result: caller ? { ...refusal, caller } : refusal,
})

/** The body can name the format and nothing else: a renewal repeats the session. */
function formatIn({ signIn }: Broker, bytes: Uint8Array): Done<Format> | Refused<'body-invalid' | 'format-invalid'> {
  if (bytes.length === 0) return done('json')
  const read = readObject(bytes)
  if (read.outcome === 'refused') return read
  const { format = 'json', ...others } = read.value
  if (Object.keys(others).length > 0) return refused('body-invalid', 'The body can have the property format, and no other.')
  if (!(formats as readonly unknown[]).includes(format))
    return refused('format-invalid', 'format must be json, env, process, container or console.')
  return format === 'console' && !signIn ? refused('format-invalid', 'This deployment has no console sign-in.') : done(format as Format)
}
