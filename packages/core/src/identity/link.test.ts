/** The binding of a Slack user to a person, as a table: what may follow on what, and what each step leaves. */
import { describe, expect, test } from 'vitest'
import { activeAt, claim, confirm, end, type Link, type LinkDecided, linkByEmail, linkId, offer, settledAt } from './link.ts'

const NOW = Date.parse('2026-11-24T03:00:00Z')
const MINUTE = 60_000
const dana = { caller: { issuer: 'people', subject: 'dana', name: 'Dana', kind: 'human' }, identity: 'dana' } as const
const u1 = { team: 'T1', user: 'U1', name: 'dana' }
const u2 = { team: 'T1', user: 'U2', name: 'mallory' }
const base: Link = { ...dana, id: linkId(dana.caller), version: 1 }
const offered: Link = { ...base, offer: { code: 'c1', expiresAt: NOW + 10 * MINUTE } }
const pending: Link = { ...base, pending: { slack: u1, code: 'c1', expiresAt: NOW + 10 * MINUTE } }
const active: Link = { ...base, active: { slack: u1, since: NOW - 20 * MINUTE, expiresAt: NOW + 1000 * MINUTE } }

/** The state that follows and the events, or why not. */
const told = (decided: LinkDecided): string => {
  if (decided.outcome === 'refused') return decided.code
  if (decided.value === 'unchanged') return 'unchanged'
  const { link, events } = decided.value
  const state = [
    link.offer && 'offered',
    link.pending && `pending ${link.pending.slack.user}`,
    link.active && `linked ${link.active.slack.user}`,
  ]
  return [...state.filter(Boolean), ...events.map(({ type, slack }) => `${type} ${slack}`)].join(', ')
}

describe('a link', () => {
  test.each<[string, LinkDecided, string]>([
    ['a code for the first time', offer(undefined, dana, 'c1', NOW), 'offered'],
    ['a second code: the first is good no more', offer(offered, dana, 'c2', NOW), 'offered'],
    ['a code while a link is active: the link stays', offer(active, dana, 'c2', NOW), 'offered, linked U1'],
    ['a new code after one was entered: the new one must be entered', offer(pending, dana, 'c2', NOW), 'offered'],

    ['the code, typed', claim(offered, 'c1', u1, NOW), 'pending U1, link.pending T1/U1'],
    ['another code', claim(offered, 'c2', u1, NOW), 'link-unknown'],
    ['a code that is too old', claim(offered, 'c1', u1, NOW + 10 * MINUTE), 'link-unknown'],
    ['a code where none was given', claim(base, 'c1', u1, NOW), 'link-unknown'],
    ['a code without an offer', claim(undefined, 'c1', u1, NOW), 'link-unknown'],
    ['the code again, by the same: an answer was lost', claim(pending, 'c1', u1, NOW), 'unchanged'],
    ['the code again, too late', claim(pending, 'c1', u1, NOW + 10 * MINUTE), 'link-unknown'],
    ['confirmed too late, by another Slack user than the linked one', confirm(active, dana, u2, NOW), 'link-unknown'],
    ['the code again, by another', claim(pending, 'c1', u2, NOW), 'link-unknown'],

    ['confirmed', confirm(pending, dana, u1, NOW), 'linked U1, link.made T1/U1'],
    ['confirmed, but another was seen', confirm(pending, dana, u2, NOW), 'request-changed'],
    ['confirmed, but of another workspace', confirm(pending, dana, { ...u1, team: 'T2' }, NOW), 'request-changed'],
    ['confirmed too late', confirm(pending, dana, u1, NOW + 10 * MINUTE), 'link-unknown'],
    ['confirmed before the code was entered', confirm(offered, dana, u1, NOW), 'link-unknown'],
    ['confirmed where there is nothing', confirm(undefined, dana, u1, NOW), 'link-unknown'],
    ['confirmed again: an answer was lost', confirm(active, dana, u1, NOW), 'unchanged'],
    [
      'a new one voids the old',
      confirm({ ...active, pending: { slack: u2, code: 'c', expiresAt: NOW + 1 } }, dana, u2, NOW),
      'linked U2, link.ended T1/U1, link.made T1/U2',
    ],
    ['by e-mail', linkByEmail(undefined, dana, u1, NOW), 'linked U1, link.made T1/U1'],

    ['ended', end(active, 'unlinked', NOW), 'link.ended T1/U1'],
    ['ended, if it is with this user: it is', end(active, 'replaced', NOW, u1), 'link.ended T1/U1'],
    ['ended, if it is with this user: it is not', end(active, 'replaced', NOW, u2), 'unchanged'],
    ['ended, with an offered code and a pending link', end({ ...active, ...pending }, 'unlinked', NOW), 'link.ended T1/U1'],
    ['ended, though it was never more than pending', end(pending, 'unlinked', NOW), ''],
    ['ended only for this user, without an active link', end(pending, 'replaced', NOW, u1), 'unchanged'],
    ['ended again', end(base, 'unlinked', NOW), 'unchanged'],
    ['ended where there never was one', end(undefined, 'unlinked', NOW), 'link-unknown'],
  ])('%s', (_name, decided, expected) => expect(told(decided)).toBe(expected))

  test('takes ten codes an hour, whatever became of them', () => {
    const typed = (count: number, since = NOW - 30 * MINUTE): Link => ({ ...offered, typed: { since, count } })
    expect([9, 10].map((count) => told(claim(typed(count), 'c1', u1, NOW)))).toEqual(['pending U1, link.pending T1/U1', 'rate-limited'])
    expect(told(claim(typed(10, NOW - 60 * MINUTE), 'c1', u1, NOW))).toBe('pending U1, link.pending T1/U1')
    const made = confirm({ ...pending, typed: { since: NOW, count: 4 } }, dana, u1, NOW)
    expect(made.outcome === 'done' && made.value !== 'unchanged' && made.value.link.typed?.count).toBe(4)
  })
  test('leaves everything that the next step needs', () => {
    const long = { ...dana, fullSubject: 'dana-in-full' }
    const linkOf = (decided: LinkDecided) => (decided.outcome === 'done' && decided.value !== 'unchanged' ? decided.value.link : undefined)
    expect(linkOf(offer(undefined, long, 'c1', NOW))).toEqual({ ...long, offer: { code: 'c1', expiresAt: NOW + 10 * MINUTE } })
    expect(linkOf(claim(offered, 'c1', u1, NOW))).toEqual({
      ...dana,
      pending: { slack: u1, code: 'c1', expiresAt: NOW + 10 * MINUTE },
      typed: { since: NOW, count: 1 },
    })
    const typed = { since: NOW - MINUTE, count: 3 }
    expect(linkOf(claim({ ...offered, typed }, 'c1', u1, NOW))?.typed).toEqual({ since: NOW - MINUTE, count: 4 })
    expect(linkOf(confirm(pending, long, u1, NOW))).toEqual({
      ...long,
      active: { slack: u1, since: NOW, expiresAt: NOW + 90 * 86_400_000 },
    })
    expect(linkOf(end({ ...active, ...long, typed }, 'unlinked', NOW))).toEqual({ ...long, typed })
  })
  test('records who did what, and why it ended', () => {
    const eventsOf = (decided: LinkDecided) => (decided.outcome === 'done' && decided.value !== 'unchanged' ? decided.value.events : [])
    const expiresAt = NOW + 90 * 86_400_000
    expect(eventsOf(linkByEmail(active, dana, u2, NOW))).toEqual([
      { type: 'link.ended', by: dana.caller, slack: 'T1/U1', reason: 'replaced' },
      { type: 'link.made', by: dana.caller, slack: 'T1/U2', expiresAt, email: true },
    ])
    expect(eventsOf(confirm(pending, dana, u1, NOW))).toEqual([{ type: 'link.made', by: dana.caller, slack: 'T1/U1', expiresAt }])
    expect(eventsOf(end(active, 'not-a-member', NOW))).toEqual([
      { type: 'link.ended', by: dana.caller, slack: 'T1/U1', reason: 'not-a-member' },
    ])
  })
  test('has an ID of its own domain', () => expect(linkId({ issuer: 'people', subject: 'dana' })).toBe('lnk_5fkfcnq51kr62smhe759yy5h1j'))
  test('lasts 90 days, and not a millisecond more', () => {
    const made = confirm(pending, dana, u1, NOW)
    const link = made.outcome === 'done' && made.value !== 'unchanged' ? { ...base, ...made.value.link } : undefined
    expect(activeAt(link, NOW + 90 * 86_400_000 - 1)?.slack).toEqual(u1)
    expect(activeAt(link, NOW + 90 * 86_400_000)).toBeUndefined()
  })
  test('decides nothing in its first ten minutes', () => {
    const since = { slack: u1, since: NOW, expiresAt: NOW + 1e9 }
    expect([settledAt(since, NOW + 10 * MINUTE - 1), settledAt(since, NOW + 10 * MINUTE)]).toEqual([false, true])
  })
  test('is of issuer and subject together, however they are written', () => {
    expect(
      new Set([linkId({ issuer: 'a', subject: 'bc' }), linkId({ issuer: 'ab', subject: 'c' }), linkId({ issuer: 'A', subject: 'bc' })])
        .size,
    ).toBe(3)
  })
})
