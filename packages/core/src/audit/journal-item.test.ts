import { describe, expect, test } from 'vitest'
import type { RequestId } from '../ids.ts'
import { NOW } from '../testing/fixtures.ts'
import { commitOf } from './entry.ts'
import { journalEntry } from './event.ts'
import { commitIn, eventIn, timeIn } from './journal-item.ts'

const request = `req_${'0'.repeat(26)}` as RequestId
const entry = journalEntry(
  { type: 'request.erased', request, at: NOW, operator: '"at":"2020-01-01T00:00:00.000Z"', justification: 'left' },
  { random: (count) => new Uint8Array(count), configHash: 'c'.repeat(64) },
)
const erased = { commit: commitOf(entry) }
const invalid = { ...entry, event: entry.event.replace('"v":4', '"v":9') }

describe('an entry of a journal', () => {
  test('has a commitment, whether it was erased or not', () => {
    expect(commitIn(entry)).toMatch(/^[0-9a-f]{64}$/)
    expect(commitIn(erased)).toBe(commitIn(entry))
  })
  test('has an event unless it is missing, was erased or is invalid', () => {
    expect(eventIn(entry)).toMatchObject({ type: 'request.erased', justification: 'left' })
    expect([eventIn(undefined), eventIn(erased), eventIn(invalid)]).toEqual([undefined, undefined, undefined])
  })
  test('has a time unless it was erased, even if it is invalid otherwise', () => {
    expect([timeIn(entry), timeIn(invalid)]).toEqual(['2026-11-24T12:00:00.000Z', '2026-11-24T12:00:00.000Z'])
    expect([timeIn(erased), timeIn({ ...entry, event: '{}' })]).toEqual([undefined, undefined])
  })
})
