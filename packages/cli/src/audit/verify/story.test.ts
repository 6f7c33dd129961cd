import { randomBytes } from 'node:crypto'
import { commitOf } from '@stint/core/audit/entry'
import { type AuditEvent, journalEntry, type SystemId } from '@stint/core/audit/event'
import { type Instant, seconds } from '@stint/core/instant'
import { describe, expect, test } from 'vitest'
import { Findings } from './findings.ts'
import { Story } from './story.ts'

const START = Date.UTC(2026, 2, 1, 8)
const minutes = (count: number) => seconds(60 * count)
const configHash = 'ab'.repeat(32)

/** Verifies journals of one event each, in this order. */
function verified(events: readonly ({ readonly type: 'decided' | 'announced' } & { readonly at: Instant })[], now: Instant) {
  const found = new Findings(10)
  const story = new Story(found, true, undefined, undefined)
  for (const [index, { type, at }] of events.entries()) {
    const request: SystemId = `sys_${String(index).repeat(64).slice(0, 64)}`
    const event: AuditEvent =
      type === 'announced'
        ? { type: 'config.seen', request, at, build: '1' }
        : { type: 'log.started', request, at, origin: 'log.example', vkey: 'log.example+00000000+AA==' }
    const entry = journalEntry(event, { random: (count) => randomBytes(count), configHash })
    story.take(index, { v: 1, request, seq: 0, type: event.type, commit: commitOf(entry) }, entry)
  }
  story.end(now)
  return { faults: found.faults.map(({ what }) => what), notices: found.notices }
}

describe('a config that decides', () => {
  const decided = (at: Instant) => ({ type: 'decided' as const, at })
  const fault = { faults: [`decided by config ${configHash}, which was never announced`], notices: [] }
  const later = START + minutes(60)

  test('and is announced, before or after, is whole', () => {
    const announced = { type: 'announced' as const, at: START }
    for (const events of [
      [announced, decided(START + 1)],
      [decided(START), decided(later), announced],
    ])
      expect(verified(events, later)).toEqual({ faults: [], notices: [] })
  })

  test('a moment ago may still be announced', () => {
    expect(verified([decided(START)], START + minutes(10) - 1)).toEqual({
      faults: [],
      notices: [`config ${configHash.slice(0, 12)} is not announced yet`],
    })
  })

  test('for less than ten minutes, between two deployments, is a notice with its times, whatever their order in the log', () => {
    const last = START + minutes(10) - 1
    for (const events of [
      [decided(START), decided(last)],
      [decided(last), decided(START)],
    ])
      expect(verified(events, later)).toEqual({
        faults: [],
        notices: [
          `config ${configHash.slice(0, 12)} was never announced: it decided from 2026-03-01T08:00:00.000Z to 2026-03-01T08:09:59.999Z`,
        ],
      })
  })

  test('for ten minutes and is never announced is a fault, whatever the order in the log', () => {
    const last = START + minutes(10)
    for (const events of [
      [decided(START), decided(last)],
      [decided(last), decided(START + 1), decided(START)],
    ])
      expect(verified(events, later)).toEqual(fault)
  })
})
