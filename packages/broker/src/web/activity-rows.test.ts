/** How much one page of events has, whatever people write. */
import { expect, test } from 'vitest'
import type { FoundEvent } from '../log/search.ts'
import { pageRows } from './activity-rows.ts'
import { daySvg } from './day-svg.ts'

const day = Date.parse('2026-11-28T00:00:00Z')
const texts: readonly (readonly [string, string])[] = [
  ['ordinary text', 'Dana Developer'],
  ['HTML', '<"&'.repeat(700)],
  ['emoji', '👩‍🚒'.repeat(400)],
  ['hidden characters', '\u202E\u200B'.repeat(1000)],
]

function found(n: number, text: string): FoundEvent {
  const request = `req_${String(n).padStart(26, '0')}`
  const caller = { issuer: 'people', subject: text.slice(0, 60), name: text }
  const session = `${request}.aaaaaaaa`
  return {
    id: `${request}/1`,
    event: {
      type: 'session.ended',
      at: '2026-11-28T09:00:00.000Z',
      caller,
      session,
      justification: text,
    } as unknown as FoundEvent['event'],
    about: { ...caller, profile: `${'p'.repeat(40)}-${n}`, target: 'prod' },
  }
}

test.each(texts)('rows and picture full of %s stay below 27 KB', (_what, text) => {
  const rows = pageRows({ filters: {}, kind: 'day', own: undefined, accountOf: () => '111122223333', isBreakGlass: () => true })
  let added = 0
  while (added < 100 && rows.add({ found: found(added, text), logged: true, receipt: true })) added++
  expect(added).toBeGreaterThan(5)
  const size = Buffer.byteLength(`${rows.table()}${daySvg(rows.events, day, 'The newest 100 events of this day')}`)
  expect(size).toBeLessThan(27_000)
})

test('the first event always has room', () => {
  const rows = pageRows({ filters: {}, kind: 'newest', own: undefined, accountOf: () => undefined, isBreakGlass: () => false })
  const one = found(1, 'x')
  const huge = { ...one, about: { ...one.about, profile: 'p'.repeat(30_000) } }
  expect([rows.add({ found: huge, logged: true, receipt: true }), rows.add({ found: huge, logged: true, receipt: true })]).toEqual([
    true,
    false,
  ])
})
