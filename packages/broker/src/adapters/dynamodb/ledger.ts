/**
 * The ledger on DynamoDB: one item per request; every change is one conditional write that appends its event. `vend` has a part of it
 * (./vend-ledger.ts).
 */
import type { Ledger } from '../../ports/ledger.ts'
import type { Links } from '../../ports/links.ts'
import type { SlackState } from '../../ports/slack-state.ts'
import { abandoning } from './abandon.ts'
import { system } from './announcements.ts'
import { freezeWrites } from './freezes.ts'
import { links } from './links.ts'
import { tableOverSdk } from './over-sdk.ts'
import { passingTime } from './passing-time.ts'
import { renewals } from './renewals.ts'
import { changes } from './request-changes.ts'
import { lists } from './request-lists.ts'
import { reading } from './request-reader.ts'
import { type DynamoSettings, sender } from './sender.ts'
import { sessionEnd } from './session-end.ts'
import { slackState } from './slack-state.ts'
import { sweeping } from './sweeping.ts'
import { closed, vendLedger } from './vend-ledger.ts'

export function dynamoLedger(settings: DynamoSettings): Ledger & Links & SlackState {
  const calls = tableOverSdk(settings.client)
  const send = sender({ ...settings, calls })
  const read = reading(settings, send)
  const listed = lists(settings, send, read)
  const passing = passingTime(settings, send, read)
  return {
    ...vendLedger({ ...settings, calls }),
    ...listed,
    ...changes(settings, send, read),
    passTime: passing.passTime,
    ...sweeping(settings, send, {
      ...listed,
      ...passing,
      ...abandoning(settings, send, read, renewals(settings, send, read)),
    }),
    ...sessionEnd(settings, send, read),
    ...freezeWrites(settings, send),
    ...system(settings, send),
    ...links(settings, send),
    ...slackState(settings, send),
    ...closed(settings),
  }
}
