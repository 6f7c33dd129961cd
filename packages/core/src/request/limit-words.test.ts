/** What an approver shortened, as people read it. */
import { expect, test } from 'vitest'
import { limitWords } from './limit-words.ts'
import type { Limits } from './request.ts'

test.each<[string, Limits, string]>([
  ['nothing', {}, ''],
  ['the duration', { duration: 900 }, ' (at most 15m)'],
  ['the uses', { uses: 3 }, ' (at most 3 sessions)'],
  ['the window', { window: 7200 }, ' (at most started within 2h)'],
  ['everything', { duration: 900, uses: 1, window: 7200 }, ' (at most 15m, 1 session, started within 2h)'],
])('%s', (_what, limits, words) => expect(limitWords(limits)).toBe(words))

test('durations are said as the channel says them', () =>
  expect(limitWords({ duration: 900, window: 60 }, (all) => `${all} seconds`)).toBe(' (at most 900 seconds, started within 60 seconds)'))
