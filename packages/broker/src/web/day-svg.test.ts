/** The picture of a day: which bars it has, and what they say. */
import { expect, test } from 'vitest'
import type { FoundEvent } from '../log/search.ts'
import { daySvg } from './day-svg.ts'

const day = Date.parse('2026-11-28T00:00:00Z')
const request = `req_${'0'.repeat(26)}`
const caller = { issuer: 'people', subject: 'dana', name: 'Dana <b>' }
let seq = 0
const event = (type: string, clock: string, more: object = {}): FoundEvent => ({
  id: `${request}/${seq++}`,
  event: { type, at: `2026-11-28T${clock}:00.000Z`, ...more } as FoundEvent['event'],
  about: { issuer: 'people', subject: 'dana', profile: 'orders' },
})
const session = `${request}.aaaaaaaa`
/** The events come newest first. */
const titles = (...events: FoundEvent[]): readonly string[] =>
  [...String(daySvg(events.toReversed(), day, 'All')).matchAll(/<title>(.*?)<\/title>/g)].map(([, title = '']) => title)
const until = (clock: string, date = '2026-11-28') => ({ session, expiration: `${date}T${clock}:00.000Z` })

test.each<[string, readonly FoundEvent[], string]>([
  ['issued', [event('session.issued', '09:00', until('10:00'))], 'from 09:00 to 10:00 UTC'],
  ['issued until the next day', [event('session.issued', '23:30', until('00:30', '2026-11-29'))], 'from 23:30 to 2026-11-29 00:30 UTC'],
  [
    'renewed, and ended before its time',
    [
      event('session.issued', '09:00', until('10:00')),
      event('session.renewed', '09:50', until('10:50')),
      event('session.ended', '10:20', { session }),
    ],
    'from 09:00 to 10:20 UTC',
  ],
  ['renewed, of the day before', [event('session.renewed', '00:10', until('01:10'))], 'issued earlier, to 01:10 UTC'],
  ['ended, of the day before', [event('session.ended', '02:10', { session })], 'issued earlier, to 02:10 UTC'],
])('a session that was %s has one bar', (_what, events, says) => {
  expect(titles(...events)).toEqual([`people/dana, orders, ${says}`])
  const isEarlier = says.startsWith('issued earlier')
  expect(String(daySvg(events.toReversed(), day, 'All')).includes('<rect x="150.0"')).toBe(isEarlier)
})

test('a bar has the name of its requester, where an event of the page has it', () => {
  expect(titles(event('session.reserved', '09:00', { session, caller }), event('session.issued', '09:00', until('10:00')))).toEqual([
    'Dana &lt;b&gt;, orders, from 09:00 to 10:00 UTC',
  ])
})

test('says how many events it shows', () => {
  expect(String(daySvg([event('request.asked', '09:00')], day, 'The newest 87 events of this day'))).toContain(
    '<p class="quiet">The newest 87 events of this day. Bars are sessions',
  )
})
