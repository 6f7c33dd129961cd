/**
 * The ledger on DynamoDB: one item per request, every change one conditional write that appends its event. `vend` takes
 * only what its road needs, since every part is paid for at a cold start.
 */
import { done, type Refused, refused } from '@stint/core/outcome'
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
    ...closed(settings),
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
    ...closed(settings),
  }
}

/**
 * Where the deploy itself says that everything is frozen, nothing that is there already is written on: a table from a backup
 * does not know yet what became of it. Who is refused may be written down; and more may be frozen, which is never wrong.
 */
function closed({ frozen }: DynamoSettings): Partial<Ledger & Links> {
  if (frozen === undefined) return {}
  const no = async (): Promise<Refused> =>
    refused('frozen', 'Stint is frozen by its deploy; who runs it knows until when.', { operator: `frozen: ${frozen}` })
  return { reserve: no, ask: no, change: no, unfreeze: no, writeLink: no, passTime: async () => done(false), abandon: async () => done(0) }
}
