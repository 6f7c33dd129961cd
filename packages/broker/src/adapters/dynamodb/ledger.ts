/**
 * The ledger on DynamoDB: one item per request; every change is one conditional write that appends its event. `vend` includes only what the
 * vend path needs, because every part adds to a cold start.
 */
import { done, type Refused, refused } from '@stint/core/outcome'
import type { Ledger, VendLedger } from '../../ports/ledger.ts'
import type { Links } from '../../ports/links.ts'
import type { SlackState } from '../../ports/slack-state.ts'
import { abandoning } from './abandon.ts'
import { system } from './announcements.ts'
import { freezeReader } from './freeze-item.ts'
import { freezeWrites } from './freezes.ts'
import { links } from './links.ts'
import { asks } from './new-request.ts'
import { refusals } from './refusals.ts'
import { changes } from './request-changes.ts'
import { lists } from './request-lists.ts'
import { reading } from './request-reader.ts'
import { type DynamoSettings, sender } from './sender.ts'
import { sessionCounter } from './session-counter.ts'
import { sessionWrites } from './sessions.ts'
import { slackState } from './slack-state.ts'
import { places } from './waiting-places.ts'

export function vendLedger(settings: DynamoSettings): VendLedger {
  const send = sender(settings)
  const { request, ping } = reading(settings, send)
  return {
    ...sessionWrites(settings, send),
    ...refusals(settings, send),
    ...sessionCounter(settings, send),
    ...asks(settings, send),
    ...places(settings, send),
    ...freezeReader(settings, send),
    request,
    ping,
    ...closed(settings),
  }
}

export function dynamoLedger(settings: DynamoSettings): Ledger & Links & SlackState {
  const send = sender(settings)
  const read = reading(settings, send)
  const listed = lists(settings, send, read)
  return {
    ...vendLedger(settings),
    ...listed,
    ...changes(settings, send, read),
    ...abandoning(send, { ...read, ...listed }, sessionWrites(settings, send)),
    ...freezeWrites(settings, send),
    ...system(settings, send),
    ...links(settings, send),
    ...slackState(settings, send),
    ...closed(settings),
  }
}

/**
 * If the deployment itself freezes everything, nothing is written to existing items: a table restored from a backup does not yet reflect
 * what happened since. Refusals can still be recorded, and more can be frozen, which is always safe.
 */
function closed({ frozen }: DynamoSettings): Partial<Ledger & Links> {
  if (frozen === undefined) return {}
  const no = async (): Promise<Refused<'frozen'>> =>
    refused('frozen', 'Stint is frozen by its deployment. Ask your operators.', { operator: `frozen: ${frozen}` })
  return {
    reserve: no,
    ask: no,
    change: no,
    unfreeze: no,
    releaseByDeploy: async () => done(false),
    writeLink: no,
    passTime: async () => done(false),
    abandon: async () => done({ given: 0 }),
  }
}
