import { expect, test } from 'vitest'
import { refusalText } from './refusal.ts'

const ID = 'req_01KTN3X0C9E8T7B6W5V4S3R2Q1'
const event = {
  type: 'request.refused',
  request: ID,
  at: '2026-11-24T10:00:00.000Z',
  caller: { issuer: 'people', subject: 'dana' },
  profile: 'break-glass',
  code: 'mfa-required',
  reason: 'the nearest rule is eligible[0]: mfa',
  source: '192.0.2.1',
  token: 'abc',
  trace: '0123',
}
const NOW = Date.parse('2026-11-24T10:05:00Z')

test('a refusal is shown in sentences', () => {
  expect(refusalText(ID, { event }, NOW)).toBe(
    [
      `Refusal  ${ID}`,
      'Caller   dana at people',
      'When     2026-11-24T10:00:00.000Z (5m ago)',
      'Profile  break-glass',
      'Refused  This profile needs a sign-in with a second factor (mfa-required)',
      'Why      the nearest rule is eligible[0]: mfa',
      'From     192.0.2.1',
      'Trace    0123',
      '',
      'Next: Sign in again with a second factor: stint login --again',
      '',
    ].join('\n'),
  )
})
test.each<[string, object]>([
  ['a time as a number', { ...event, at: NOW }],
  ['a code of a newer broker', { ...event, code: 'new-code' }],
  ['no more than its type', { type: 'request.refusals-capped' }],
  ['a caller of another form', { ...event, caller: null }],
  ['text that a terminal would obey', { ...event, reason: 'x\u001B[2J\nNext: rm' }],
])('%s is no fault', (_name, odd) => {
  const shown = refusalText(ID, { event: odd as never }, NOW)
  expect(shown).not.toMatch(/undefined|NaN|\[object|\{"/)
  expect(shown).not.toContain('\u001B')
  expect(shown).not.toMatch(/^Next: rm/m)
})
