/**
 * Slack's endpoint: one call in, one answer out, within three seconds.
 *
 *   signature   verified over the raw bytes, before anything parses them
 *   parse       accepts this app and the workspaces of the config only; users of others get a message
 *   seen        a call that can change something is handled once
 *   answer      writes are complete before Slack gets its answer; messages follow from the table's stream
 *
 * A modal is opened before anything is read, because its trigger expires after three seconds. Its content follows in an update.
 */
import { sha256Hex } from '@stint/core/digest'
import type { SlackUser } from '@stint/core/identity/link'
import { hex128, type RandomBytes } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Refused, refused } from '@stint/core/outcome'
import type { VendReply, VendRequest } from '../http/message.ts'
import { MAX_SLACK_BYTES, withNosniff } from '../http/message.ts'
import { problemReply } from '../http/problem-reply.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import type { SlackState } from '../ports/slack-state.ts'
import { type Pinned, parseSlack, type SlackCall } from './payload.ts'
import { verifySlack } from './signature.ts'

/** One verified call: the Slack user, the time, and the identifiers for the log lines and the audit log. */
export type SlackTurn = {
  readonly slack: SlackUser
  readonly now: Instant
  readonly trace: string
  /** SHA-256 of the bytes that Slack signed. */
  readonly hash: string
}

/** The body of the answer to Slack: empty, or JSON. */
export type SlackReply = object | undefined

export type SlackHandler = {
  readonly clock: Clock
  readonly random: RandomBytes
  readonly log: Log
  readonly state: Pick<SlackState, 'firstSeen'>
  /** The app's signing secret, and during a rotation also the previous one. */
  readonly secrets: readonly string[]
  readonly pinned: Pinned
  readonly answer: (call: SlackCall, turn: SlackTurn) => Promise<SlackReply>
}

export const handleSlack = async (handler: SlackHandler, request: VendRequest): Promise<VendReply> =>
  withNosniff(await handle(handler, request))

async function handle(handler: SlackHandler, request: VendRequest): Promise<VendReply> {
  const [now, trace] = [handler.clock(), hex128(handler.random)]
  const line = { trace, method: request.method, route: request.path, from: request.sourceIp }
  const no = (refusal: Refused): VendReply => {
    const reply = problemReply(refusal, trace)
    handler.log({
      ...line,
      level: reply.status >= 500 ? 'error' : 'info',
      status: reply.status,
      code: refusal.code,
      reason: refusal.operator,
    })
    return reply
  }
  if (request.method !== 'POST') return no(refused('method-not-allowed', 'This route takes POST.'))
  if (request.body.length > MAX_SLACK_BYTES) return no(refused('body-too-large', 'The body is larger than any Slack payload.'))
  const signed = verifySlack(request, handler.secrets, now)
  if (signed.outcome === 'forged') return no(refused('token-invalid', 'The request is not signed by Slack.', { operator: signed.why }))
  const parsed = parseSlack(request.body, handler.pinned)
  if (parsed.outcome === 'odd') return no(refused('body-invalid', 'Stint does not handle this Slack payload.', { operator: parsed.why }))
  const call = parsed.value
  if (call.kind === 'probe' || call.kind === 'closed') return answered(undefined, trace)

  const stamp = request.headers.get('x-slack-request-timestamp')?.[0] ?? ''
  const hash = sha256Hex(Buffer.concat([Buffer.from(`v0:${stamp}:`), request.body]))
  const turn = { slack: { team: call.team, user: call.user }, now, trace, hash }
  if (call.kind === 'stranger') {
    handler.log({ ...line, level: 'info', status: 200, code: 'slack-workspace', reason: `a user of ${call.team}` })
    return answered(await handler.answer(call, turn), trace)
  }

  // A call that can change something is accepted once. A call that only reads can be repeated.
  if (call.kind !== 'suggestion') {
    const first = await handler.state.firstSeen(sha256Hex(signed.value), now)
    if (first.outcome === 'unknown') return no(refused('ledger-unavailable', 'The ledger did not answer.', { operator: first.cause }))
    if (!first.value) {
      handler.log({ ...line, level: 'info', status: 200, code: 'replayed' })
      return answered(undefined, trace)
    }
  }
  const reply = await handler.answer(call, turn)
  handler.log({ ...line, level: 'info', status: 200, call: call.kind })
  return answered(reply, trace)
}

function answered(reply: SlackReply, trace: string): VendReply {
  const headers = { 'cache-control': 'no-store', 'stint-trace': trace }
  return reply === undefined
    ? { status: 200, headers, body: '' }
    : { status: 200, headers: { ...headers, 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(reply) }
}
