/** Of which sessions the end is announced, when, and with which next step. */
import { describe, expect, test } from 'vitest'
import { NOW } from '../testing/fixtures.ts'
import { endNotices, stepBeforeEnd } from './end-notice.ts'
import { notExtendable } from './extend.ts'
import type { AccessRequest } from './request.ts'
import type { Session } from './session.ts'

const MINUTE = 60_000
const session = (from: number, to: number, change: Partial<Session> = {}) =>
  ({ state: 'issued', reservedAt: NOW + from * MINUTE, expiresAt: NOW + to * MINUTE, ...change }) as Session
const request = (sessions: readonly Session[], change: object = {}) =>
  ({
    state: 'approved',
    caller: { kind: 'human' },
    terms: { approval: { rules: [] } },
    breakGlass: false,
    windowStartsAt: NOW,
    approvals: [],
    sessions,
    ...change,
  }) as unknown as AccessRequest

describe('the requester is notified of the end of', () => {
  test.each<[string, AccessRequest, readonly number[]]>([
    ['a session of an hour, ten minutes before', request([session(0, 60)]), [50]],
    ['one of forty minutes, ten minutes before', request([session(0, 40)]), [30]],
    ['one of half an hour, a quarter of it before', request([session(0, 30)]), [22.5]],
    ['one that was reserved within a second', request([session(0, 30, { reservedAt: NOW + 999 })]), [22.5]],
    ['a shorter one: not', request([session(0, 29)]), []],
    ['one that is renewed: at the end of the session, not of its credentials', request([session(0, 720, { renew: 3600 })]), [710]],
    ['each of several, the first end first', request([session(0, 60), session(-20, 40)]), [30, 50]],
    ['one whose request is over, while it lives', request([session(0, 60)], { state: 'ended' }), [50]],
    ['one that has ended by itself: not', request([session(-60, 0)]), []],
    [
      'one that was ended, while its credentials work: not',
      request([session(0, 60, { state: 'ended', issued: { expiration: NOW + 1 } as never })]),
      [],
    ],
    ['one without credentials: not', request([session(0, 60, { state: 'reserved' }), session(0, 60, { state: 'failed' })]), []],
    ['a request without sessions: not', request([]), []],
    ['one that needed no approval: not', request([session(0, 60)], { terms: {} }), []],
    ['a workload: not', request([session(0, 60)], { caller: { kind: 'workload' } }), []],
  ])('%s', (_name, one, minutes) => {
    expect(endNotices(one, NOW).map(({ at }) => (at - NOW) / MINUTE)).toEqual(minutes)
  })

  test('any length, when it can be extended', () => {
    for (let length = 30; length <= 720; length++) {
      const one = request([session(0, length)])
      const [notice] = endNotices(one, NOW)
      expect(notice && notExtendable(one, notice.at)).toBeUndefined()
      expect(notice?.at).toBeLessThan(NOW + length * MINUTE)
    }
  })
})

describe('the next step', () => {
  const reviewed = { breakGlass: true, review: { by: {}, at: NOW, text: 'fine' } }
  test.each<[string, AccessRequest, ReturnType<typeof stepBeforeEnd>]>([
    ['is to extend', request([session(-50, 10)]), 'extend'],
    ['is to extend after the window, too', request([session(-50, 10)], { state: 'ended' }), 'extend'],
    ['of a break-glass is its review', request([session(-50, 10)], { breakGlass: true }), 'review'],
    ['of a reviewed break-glass is to extend', request([session(-50, 10)], reviewed), 'extend'],
    ['is none while a later session has just begun', request([session(-50, 10), session(0, 60)]), undefined],
    ['is none once the session has ended', request([session(-60, 0)]), undefined],
  ])('%s', (_name, one, step) => {
    expect(stepBeforeEnd(one, NOW)).toBe(step)
  })
})
