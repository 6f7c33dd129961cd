import { marshall } from '@aws-sdk/util-dynamodb'
import { commitOf } from '@stint/core/audit/entry'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { linkId } from '@stint/core/identity/link'
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

test.each([
  ['that is gone', undefined, at],
  ['of an earlier version', 3, at],
  ['of a version that a clock ahead gave it', at + 9, at + 10],
])('gives a link %s a version beyond any that it had', (_what, version, expected) => {
  const id = linkId({ issuer: 'lab', subject: 'dana' })
  const events = [
    logged({ type: 'link.pending', request: id, at, by: { issuer: 'lab', subject: 'dana', name: 'Dana' }, slack: 'T1/U1' } as AuditEvent),
  ]
  const upon = version === undefined ? undefined : marshall({ pk: `LINK#${id}`, events: [], version })
  expect(unmarshall(givingBack({ id, events }, upon, { operator: 'platform-team', now: at, random })?.item as never).version).toBe(expected)
})
