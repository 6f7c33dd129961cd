import { commitOf } from '@stint/core/audit/entry'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import type { RequestId } from '@stint/core/ids'
import { expect, test } from 'vitest'
import { unmarshall } from './attributes.ts'
import { givingBack, type LoggedEvent } from './restore.ts'

const request = `req_${'0'.repeat(26)}` as RequestId
const at = Date.parse('2026-11-24T12:00:00Z')
const random = (count: number) => new Uint8Array(count)

function logged(event: AuditEvent): LoggedEvent {
  const held = journalEntry(event, { random, configHash: 'c' })
  return { type: event.type, commit: commitOf(held), held }
}

test('does not bring back erased events that the event store still has', () => {
  const events = [
    logged({
      type: 'request.justified',
      request,
      at,
      by: { issuer: 'lab', subject: 'dana', name: 'Dana' },
      justification: 'INC-1',
    } as AuditEvent),
    logged({ type: 'request.erased', request, at, operator: 'platform-team', justification: 'asked for' }),
  ]
  const giving = givingBack({ id: request, events }, undefined, { operator: 'platform-team', now: at, random })
  const item = unmarshall(giving?.item as never) as { readonly events: readonly object[] }
  expect(item.events[0]).toEqual({ commit: events[0]?.commit })
  expect(item.events[1]).toMatchObject({ event: events[1]?.held?.event })
})
