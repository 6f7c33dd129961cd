import { describe, expect, test } from 'vitest'
import { freezeIdOf } from '../access/freeze.ts'
import { linkId } from '../identity/link.ts'
import { newJournal, step } from './journal.ts'
import type { EventType, ReadEvent } from './schema.ts'

const request = `req_${'0'.repeat(26)}`
const [one, two] = [`${request}.aaaaaaaa`, `${request}.bbbbbbbb`]
const dana = { issuer: 'people', subject: 'dana', kind: 'human', name: 'Dana' }
const alex = { issuer: 'people', subject: 'alex', kind: 'human', name: 'Alex' }
const kim = { issuer: 'people', subject: 'kim', kind: 'human', name: 'Kim' }
const job = { issuer: 'ci', subject: 'job', kind: 'workload', name: 'job' }
const noon = '2026-11-24T12:00:00.000Z'
const [one_pm, two_pm] = ['2026-11-24T13:00:00.000Z', '2026-11-24T14:00:00.000Z']

/** Of version 1: what older code wrote must verify for ever. What version 2 adds is in `test/faults/stories.ts`. */
const event = (type: EventType, more: object = {}): ReadEvent => ({ v: 1, type, request, at: noon, config: 'c', ...more })
const what = { caller: dana, profile: 'orders', target: 'prod', terms: 't' }
const created = event('request.created', { ...what, uses: 1, expiresAt: one_pm })
const asked = (needs: readonly number[]) => event('request.asked', { ...what, needs })
const agreed = (by: object, rules: readonly number[] = [0]) => event('approval.given', { by, rules })
const approved = event('request.approved', { uses: 1, expiresAt: one_pm })
const unattended = event('request.approved', { uses: 1, expiresAt: one_pm, unattended: true })
const role = 'arn:aws:iam::111122223333:role/stint/Reader'
const reserved = (session = one, at = noon) =>
  event('session.reserved', {
    session,
    sessionName: `Dana-${session}`,
    role,
    duration: 3600,
    expiresAt: new Date(Date.parse(at) + 3_600_000).toISOString(),
    at,
  })
const issued = (session = one, expiration = one_pm, at = noon) =>
  event('session.issued', {
    session,
    accessKeyId: 'ASIAEXAMPLEEXAMPLE00',
    assumedRoleArn: `arn:aws:sts::111122223333:assumed-role/Reader/Dana-${session}`,
    assumedRoleId: `AROAEXAMPLE:Dana-${session}`,
    packedPolicySize: 10,
    sends: 1,
    expiration,
    at,
  })
const failed = (session = one) => event('session.failed', { session, sends: 1 })
const ofAll = (type: EventType, by: object) => event(type, { request: freezeIdOf('all'), scope: 'all', by })
const set = ofAll('freeze.set', dana)
const releaseAsked = (by: object) => ofAll('freeze.release-asked', by)
const released = (by: object) => ofAll('freeze.released', by)
const ofDana = (type: EventType, user: string, more: object = {}) =>
  event(type, { request: linkId(dana), by: dana, slack: `T1/${user}`, ...more })
const typed = (user: string) => ofDana('link.pending', user)
const linked = (user: string, more: object = {}) => ofDana('link.made', user, { expiresAt: '2027-02-22T12:00:00.000Z', ...more })
const restored = event('request.restored', { operator: 'platform team' })
const unlinked = (user: string) => ofDana('link.ended', user, { reason: 'replaced' })
const later = (type: EventType) => event(type, { at: two_pm, by: dana })

function faultsOf(events: readonly (ReadEvent | EventType)[]): string[] {
  const journal = newJournal()
  return events.flatMap((one) => (typeof one === 'string' ? step(journal, one, undefined) : step(journal, one.type, one)))
}

describe('journals that keep the rules', () => {
  test.each([
    ['a session by rule', [created, reserved(), issued()]],
    ['a failure gives its use back', [created, reserved(), failed(), reserved(two), issued(two)]],
    ['an approval', [asked([1]), event('request.received'), agreed(alex), approved, reserved(), issued()]],
    [
      'an approval for less time than the window has, whose start no event says',
      [asked([1]), event('request.received'), { ...agreed(alex), limits: { window: 60 } }, approved],
    ],
    ['two rules, two people', [asked([1, 1]), agreed(alex, [0, 1]), agreed(kim, [0]), approved]],
    [
      'by rule after its delay',
      [event('request.asked', { ...what, needs: [1], at: '2026-11-24T11:59:00.000Z', unattendedAt: noon }), unattended, reserved()],
    ],
    ['a denial', [asked([1]), event('request.denied', { by: alex })]],
    ['revoked in flight', [created, reserved(), event('request.revoked', { by: alex }), failed()]],
    ['a whole life', [created, reserved(), issued(), later('request.ended'), later('request.erased'), later('request.retired')]],
    ['erased after it was retired', [created, later('request.retired'), later('request.erased')]],
    ['a refusal', [event('request.refused', { caller: dana }), later('request.retired')]],
    ['restored from a backup while pending', [asked([1]), agreed(alex), restored, event('request.retired')]],
    ['back from a backup with a session open', [created, reserved(), restored, event('request.retired')]],
    ['back from a backup after it was over', [created, event('request.revoked', { by: alex }), restored, later('request.erased')]],
    ['a freeze set, released, set again', [set, releaseAsked(alex), released(dana), set, releaseAsked(dana), released(alex)]],
    ['a link, another, and its end', [typed('U1'), linked('U1'), typed('U2'), unlinked('U1'), linked('U2'), unlinked('U2')]],
    ['a code that a stranger typed, and then the right one', [typed('U9'), typed('U1'), linked('U1')]],
    ['a link by e-mail', [linked('U1', { email: true })]],
    ['what was erased is not judged', ['request.asked', 'request.approved', 'session.reserved', 'session.issued', later('request.erased')]],
  ] as const)('%s', (_what, events) => expect(faultsOf(events)).toEqual([]))
})

describe('journals that break the rules', () => {
  test.each([
    ['issued without an intent', [created, issued()], /without an open intent/],
    ['the intent comes after', [created, issued(), reserved()], /without an open intent/],
    ['issued twice', [created, reserved(), issued(), issued()], /without an open intent/],
    ['failed after it was issued', [created, reserved(), issued(), failed()], /without an open intent/],
    ['a use taken twice', [created, reserved(), reserved(two)], /without a use left/],
    ['a session reserved twice', [created, reserved(), failed(), reserved()], /reserved twice/],
    ['a session of another request', [created, reserved('req_1.aaaaaaaa')], /another request/],
    ['reserved after the window', [created, reserved(one, one_pm)], /after its window/],
    ['issued beyond the end', [created, reserved(), issued(one, '2026-11-24T15:00:00.000Z')], /beyond the reserved end/],
    ['issued after its end', [created, reserved(), issued(one, two_pm, two_pm)], /after its end/],
    ['reserved while it waits', [asked([1]), reserved()], /where the journal is pending/],
    ['unattended where that was not to be', [asked([1]), unattended], /before its delay/],
    ['unattended before its time', [event('request.asked', { ...what, needs: [1], unattendedAt: one_pm }), unattended], /before its delay/],
    ['anything after it was erased', [created, reserved(), issued(), later('request.erased'), reserved(two)], /after the end/],
    ['approved without an approval', [asked([1]), approved], /without the approvals/],
    ['approved by one of two', [asked([2]), agreed(alex), approved], /without the approvals/],
    ['one person for two rules', [asked([1, 1]), agreed(alex, [0, 1]), approved], /without the approvals/],
    ['approved without any needed approvals', [asked([]), approved], /without the approvals/],
    ['approved by the requester', [asked([1]), agreed(dana)], /own requester/],
    ['approved by a job', [asked([1]), agreed(job)], /by a workload/],
    ['approved twice', [asked([2]), agreed(alex), agreed(alex)], /twice by one/],
    ['reviewed by the requester', [asked([1]), agreed(alex), approved, event('request.reviewed', { by: dana })], /own requester/],
    ['denied by the requester', [asked([1]), event('request.denied', { by: dana })], /own requester/],
    ['cancelled by another', [asked([1]), event('request.cancelled', { by: alex })], /other than its requester/],
    ['issued after a revoke', [created, reserved(), event('request.revoked', { by: alex }), issued()], /after the end/],
    ['reserved after the end', [created, later('request.ended'), reserved()], /after the end/],
    ['ended before its window was over', [created, event('request.ended')], /before its window/],
    ['retired with a session open', [created, reserved(), later('request.retired')], /session open/],
    ['retired while it could be used', [created, event('request.retired')], /could be used/],
    ['anything after it was retired', [created, later('request.retired'), later('request.reminded')], /after the end/],
    ['created twice', [created, created], /where the journal is approved/],
    ['no beginning', [reserved()], /where the journal is new/],
    ['a link without an entered code', [linked('U1')], /did not enter the code/],
    ['a link with another than who typed the code', [typed('U1'), linked('U2')], /did not enter the code/],
    ['a second link on one code', [typed('U1'), linked('U1'), linked('U1')], /did not enter the code/],
    ['an end of what never was', [unlinked('U1')], /where the journal is new/],
    ['a link in a request', [created, typed('U1')], /where the journal is approved/],
    ['used after it came back from a backup', [created, restored, reserved()], /session\.reserved after the end/],
    ['decided after it came back from a backup', [asked([1]), restored, approved], /where the journal is over/],
    ['a freeze released by one', [set, releaseAsked(alex), released(alex)], /without two people/],
    ['a freeze released after it was set again', [set, releaseAsked(alex), set, released(dana)], /without two people/],
    ['a freeze released unasked', [set, released(alex)], /without two people/],
    [
      'what follows the erased still holds',
      ['request.created', 'session.reserved', later('request.retired'), later('request.reminded')],
      /after the end/,
    ],
  ] as const)('%s', (_what, events, words) => expect(faultsOf(events)).toContainEqual(expect.stringMatching(words)))
})

test('an erasure is noted in every stage, because a silent removal is the graver fault', () => {
  const journal = newJournal()
  const faults = [asked([1]), later('request.erased')].map((one) => step(journal, one.type, one))
  expect([faults, journal.erasureRecorded]).toEqual([[[], ['request.erased where the journal is pending']], true])
})
