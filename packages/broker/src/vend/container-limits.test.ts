/** The refusal of a caller that has reached a limit of the container protocol, and when it can try again. */
import { done } from '@stint/core/outcome'
import { describe, expect, test } from 'vitest'
import { containerLimits, limitRefusal } from './container-limits.ts'

const limits = { perMinute: 60, perHour: 1200 }
const at = (time: string) => Date.parse(`2026-11-24T${time}Z`)

test.each([
  [{}, limits],
  [{ container: { perMinute: 90 } }, { perMinute: 90, perHour: 1200 }],
  [{ container: { perHour: 300 } }, { perMinute: 60, perHour: 300 }],
])('the limits of %j', (rules, wanted) => expect(containerLimits(rules)).toEqual(wanted))

describe('a limit that is reached', () => {
  test.each<['perMinute' | 'perHour', string, number]>([
    ['perMinute', '10:00:00', 60],
    ['perMinute', '10:00:00.999', 60],
    ['perMinute', '10:00:59', 1],
    ['perMinute', '10:00:59.999', 1],
    ['perHour', '10:00:00', 3600],
    ['perHour', '10:59:59.999', 1],
  ])('%s at %s: try again in %i seconds', (full, time, retryAfter) => {
    expect(limitRefusal(done({ full }), { limits }, at(time))).toMatchObject({ code: 'rate-limited', evidence: { retryAfter } })
  })
  test('says which limit, and what to do', () => {
    expect(limitRefusal(done({ full: 'perMinute' }), { limits }, at('10:00:30'))).toMatchObject({
      detail: 'You have reached the limit of 60 sessions a minute for this profile with these parameters.',
      evidence: { next: expect.stringMatching(/^Try again in 30 seconds\. Use one set of credentials .* stint serve/) },
    })
    expect(limitRefusal(done({ full: 'perHour' }), { limits }, at('10:00:30'))?.detail).toBe(
      'You have reached the limit of 1200 sessions an hour for all profiles together.',
    )
  })
})

test.each([
  ['a session within the limits', done({ place: 1 }), { limits }],
  ['an entry point without limits', done(undefined), {}],
])('%s is not refused', (_name, counted, slot) => expect(limitRefusal(counted, slot, 0)).toBeUndefined())
test('a count that is not known refuses', () =>
  expect(limitRefusal({ outcome: 'unknown', cause: 'ledger: x' }, { limits }, 0)).toMatchObject({
    code: 'ledger-unavailable',
    operator: 'ledger: x',
  }))
