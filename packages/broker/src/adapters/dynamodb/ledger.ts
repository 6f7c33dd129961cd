/**
 * The ledger on DynamoDB: one item per request, every change one conditional write that appends its event. `vend` takes
 * only what its road needs, since every part is paid for at a cold start.
 */
import type { Ledger, Links, SlackState, VendLedger } from '../../ports.ts'
import { asks } from './asks.ts'
import { changes } from './changes.ts'
import { freezeWrites } from './freezes.ts'
import { freezeReader } from './frozen.ts'
import { links } from './links.ts'
import { lists } from './lists.ts'
import { refusals } from './refusals.ts'
import { type DynamoSettings, sender } from './send.ts'
import { sessionWrites } from './sessions.ts'
import { slackState } from './slack-state.ts'
import { system } from './system.ts'

export function vendLedger(settings: DynamoSettings): VendLedger {
  const send = sender(settings)
  const { request, requestsOf, ping } = lists(settings, send)
  return {
    ...sessionWrites(settings, send),
    ...refusals(settings, send),
    ...asks(settings, send),
    ...freezeReader(settings, send),
    request,
    requestsOf,
    ping,
  }
}

export function dynamoLedger(settings: DynamoSettings): Ledger & Links & SlackState {
  const send = sender(settings)
  const reading = lists(settings, send)
  return {
    ...vendLedger(settings),
    ...reading,
    ...changes(settings, send, reading, sessionWrites(settings, send)),
    ...freezeWrites(settings, send),
    ...system(settings, send),
    ...links(settings, send),
    ...slackState(settings, send),
  }
}
