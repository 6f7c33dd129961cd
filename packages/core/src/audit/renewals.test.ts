/** The rules of renewals and of ended sessions, from the log alone: each row is one journal, and each broken one breaks one rule. */
import { describe, expect, test } from 'vitest'
import { MAX_SETS, SPARE_ATTEMPTS } from '../request/session.ts'
import { newJournal, step } from './journal.ts'
import type { EventType, ReadEvent } from './schema.ts'

const request = `req_${'0'.repeat(26)}`
const session = `${request}.aaaaaaaa`
const dana = { issuer: 'people', subject: 'dana', kind: 'human', name: 'Dana' }
const alex = { ...dana, subject: 'alex', name: 'Alex' }
const NOON = Date.UTC(2026, 10, 24, 12)
const at = (minutes: number) => new Date(NOON + minutes * 60_000).toISOString()

const event = (type: EventType, minutes: number, more: object = {}): ReadEvent => ({
  v: 4,
  type,
  request,
  at: at(minutes),
  config: 'c',
  ...more,
})
const what = { caller: dana, profile: 'orders', target: 'prod', terms: 't' }
const created = event('request.created', 0, { ...what, uses: 1, expiresAt: at(2) })
const asked = event('request.asked', 0, { ...what, needs: [1], uses: 1, window: 5400, expiresAt: at(60) })
const received = event('request.received', 0)
const given = event('approval.given', 0, { by: alex, rules: [0], channel: 'api', source: '192.0.2.1' })
const approved = event('request.approved', 0, { uses: 1, expiresAt: at(90) })
const name = `Dana-${session}`
const reserved = (more: object = {}) =>
  event('session.reserved', 0, {
    ...{ session, caller: dana, terms: 't', sessionName: name, role: 'arn:aws:iam::111122223333:role/stint/Reader', duration: 7200 },
    ...{ renew: 1800, expiresAt: at(120), ...more },
  })
const id = `AROAEXAMPLE:${name}`
const aws = { accessKeyId: 'ASIAEXAMPLEEXAMPLE00', awsRequestId: 'r', sends: 1 }
const issued = event('session.issued', 0, {
  ...{ session, ...aws, packedPolicySize: 10, expiration: at(30) },
  ...{ assumedRoleArn: `arn:aws:sts::111122223333:assumed-role/Reader/${name}`, assumedRoleId: id },
})
const set = 'bbbbbbbb'
const renewal = (minutes: number, more: object = {}) =>
  event('session.renewal-reserved', minutes, {
    session,
    set,
    caller: dana,
    terms: 't',
    expiresAt: at(Math.min(minutes + 30, 120)),
    ...more,
  })
const renewed = (minutes: number, more: object = {}) =>
  event('session.renewed', minutes, {
    session,
    set,
    ...aws,
    accessKeyId: `ASIAEXAMPLEEXAMPLE${minutes}`,
    assumedRoleId: id,
    expiration: at(minutes + 30),
    ...more,
  })
const failed = (minutes: number, more: object = {}) =>
  event('session.renewal-failed', minutes, { session, set, code: 'sts-timeout', reason: '', sends: 1, ...more })
const abandoned = (minutes: number) => event('session.renewal-abandoned', minutes, { session, set })
const ended = (minutes: number, more: object = {}) => event('session.ended', minutes, { session, endedBy: 'caller', by: dana, ...more })
const begun = [created, reserved(), issued]
const revoked = (minutes: number) => event('request.revoked', minutes, { by: dana })
const erased = (minutes: number) => event('request.erased', minutes, { operator: 'o', justification: 'j' })
/** Of which nothing can be renewed, in its only use. */
const plain = [created, reserved({ renew: undefined, duration: 1800, expiresAt: at(30) }), issued]
const agreed = [asked, received, given, approved]
const sibling = `${request}.cccccccc`
const reservedSibling = reserved({ session: sibling, sessionName: `Dana-${sibling}` })
const issuedSibling = {
  ...issued,
  session: sibling,
  assumedRoleArn: `arn:aws:sts::111122223333:assumed-role/Reader/Dana-${sibling}`,
  assumedRoleId: `AROAEXAMPLE:Dana-${sibling}`,
}
/** Renewals that fail, one after the other. */
const failures = (count: number) =>
  Array.from({ length: count }, (_, n) => `set${n}`).flatMap((set) => [renewal(20, { set }), failed(20, { set })])
/** Sessions that are ended before they are issued. */
const endedAtOnce = (count: number) =>
  Array.from({ length: count }, (_, n) => `${request}.${String(n).padStart(8, 'a')}`).flatMap((session) => [
    reserved({ session, sessionName: `Dana-${session}` }),
    ended(0, { session }),
  ])

function faultsOf(events: readonly (ReadEvent | EventType)[]): string[] {
  const journal = newJournal()
  return events.flatMap((one) => (typeof one === 'string' ? step(journal, one, undefined) : step(journal, one.type, one)))
}

describe('journals that keep the rules', () => {
  test.each<[string, readonly (ReadEvent | EventType)[]]>([
    ['a renewal', [...begun, renewal(20), renewed(20)]],
    [
      'several renewals, each with a name of its own',
      [...begun, renewal(20), renewed(20), renewal(40, { set: 'c' }), renewed(40, { set: 'c' })],
    ],
    ['four at once', [...begun, ...['a', 'b', 'c', 'd'].map((name) => renewal(20, { set: name }))]],
    ['the last one, which ends with the session', [...begun, renewal(100), renewed(100, { expiration: at(120) })]],
    ['one after a gap', [...begun, renewal(60), renewed(60)]],
    ['a failed one, and another', [...begun, renewal(20), failed(20), renewal(21, { set: 'c' }), renewed(21, { set: 'c' })]],
    ['an abandoned one', [...begun, renewal(20), abandoned(22)]],
    ['an end', [...begun, ended(10, { credentialsExpireBy: at(30) })]],
    ['an end during a renewal', [...begun, renewal(20), ended(20), failed(20)]],
    ['an end during a renewal that is abandoned later', [...begun, renewal(20), ended(20), abandoned(22)]],
    [
      'an end before the session was issued',
      [
        created,
        reserved(),
        ended(0),
        event('session.reserved', 0, { ...reserved(), session: `${request}.cccccccc`, sessionName: `Dana-${request}.cccccccc` }),
      ],
    ],
    ['a revocation during a renewal', [...begun, renewal(20), event('request.revoked', 20, { by: dana }), failed(20)]],
    [
      'erased once the ended session’s credentials are worthless',
      [...begun, ended(10), event('request.erased', 31, { operator: 'o', justification: 'j' })],
    ],
    ['retired after its end', [...begun, renewal(20), renewed(20), event('request.retired', 121)]],
    [
      'with approval, to the end of the window',
      [asked, received, given, approved, reserved(), issued, renewal(80, { expiresAt: at(90) }), renewed(80, { expiration: at(90) })],
    ],
    [
      'a failed renewal after the window',
      [asked, received, given, approved, reserved(), issued, renewal(89, { expiresAt: at(90) }), event('request.ended', 90), failed(90)],
    ],
    [
      'a revocation after the window, while a session lives',
      [
        ...[asked, received, given, approved],
        { ...reserved({ renew: undefined, duration: 3600, expiresAt: at(140) }), at: at(80) },
        { ...issued, at: at(80), expiration: at(140) },
        ...[event('request.ended', 90), event('request.revoked', 91, { by: dana })],
      ],
    ],
    ['of which parts were erased', [...begun, 'session.renewal-reserved', renewed(20)]],
    ['credentials of a minute each', [created, reserved({ renew: 60 }), { ...issued, expiration: at(1) }]],
    ['credentials of an hour each', [created, reserved({ renew: 3600 }), { ...issued, expiration: at(60) }]],
    ['one that was sent twice', [...begun, renewal(20), renewed(20, { sends: 2 })]],
    [`${MAX_SETS} of them`, [...begun, ...failures(MAX_SETS)]],
    ['an abandoned one after a revocation', [...begun, renewal(20), revoked(20), abandoned(22)]],
    [
      'an abandoned one after the window',
      [...agreed, reserved(), issued, renewal(89, { expiresAt: at(90) }), event('request.ended', 90), abandoned(91)],
    ],
    ['erased once the credentials of a revoked request are worthless', [...begun, revoked(10), erased(31)]],
    ['erased once the renewed credentials of an ended session are worthless', [...begun, renewal(20), renewed(20), ended(21), erased(51)]],
    ['an end of a session without renewals', [...plain, ended(10)]],
    ['an end of one of two sessions without renewals', [{ ...created, uses: 2 }, ...plain.slice(1), ended(10)]],
    [
      'an end after the window, while a session lives',
      [
        ...agreed,
        { ...reserved({ renew: undefined, duration: 3600, expiresAt: at(140) }), at: at(80) },
        { ...issued, at: at(80), expiration: at(140) },
        ...[event('request.ended', 90), ended(91)],
      ],
    ],
    ['ends before the sessions were issued', [created, ...endedAtOnce(SPARE_ATTEMPTS)]],
    ['of which the request was erased', ['request.created', reserved(), issued, renewal(20), renewed(20), ended(30)]],
    ['of which the session was erased', ['request.created', 'session.reserved', 'session.issued', renewal(20), renewed(20), ended(30)]],
    [
      'of which the session was erased, beside another',
      ['request.created', reservedSibling, 'session.reserved', 'session.issued', ended(30)],
    ],
    ['a token that renewed a session', [event('token.used', 0, { caller: dana, session })]],
  ])('%s', (_name, events) => expect(faultsOf(events)).toEqual([]))
})

describe('journals that break the rules', () => {
  test.each<[string, readonly (ReadEvent | EventType)[], string]>([
    ['without a session', [created, renewal(20)], 'session.renewal-reserved without a session that can be renewed'],
    [
      'of a session that is only reserved',
      [created, reserved(), renewal(20)],
      'session.renewal-reserved without a session that can be renewed',
    ],
    [
      'of one that failed',
      [created, reserved(), event('session.failed', 0, { session, sends: 1 }), renewal(20)],
      'session.renewal-reserved without a session that can be renewed',
    ],
    [
      'of one without renewals',
      [created, reserved({ renew: undefined, duration: 1800, expiresAt: at(30) }), issued, renewal(20)],
      'session.renewal-reserved without a session that can be renewed',
    ],
    ['recorded without a session', [created, renewed(20)], 'session.renewed without a session that can be renewed'],
    ['after its end', [...begun, renewal(120, { expiresAt: at(120) })], 'renewed after its end'],
    ['after it was ended', [...begun, ended(10), renewal(20)], 'renewed after it was ended'],
    ['recorded after it was ended', [...begun, renewal(20), ended(20), renewed(20)], 'renewed after it was ended'],
    [
      'after its request was revoked',
      [...begun, event('request.revoked', 10, { by: dana }), renewal(20)],
      'session.renewal-reserved after the end',
    ],
    [
      'recorded after its request was revoked',
      [...begun, renewal(20), event('request.revoked', 20, { by: dana }), renewed(20)],
      'session.renewed after the end',
    ],
    ['for longer than its time', [...begun, renewal(20, { expiresAt: at(51) })], 'renewed with an end other than that of its time'],
    ['for less than its time', [...begun, renewal(20, { expiresAt: at(49) })], 'renewed with an end other than that of its time'],
    ['beyond the session', [...begun, renewal(100, { expiresAt: at(130) })], 'renewed with an end other than that of its time'],
    [
      'beyond the window of its approval',
      [asked, received, given, approved, reserved(), issued, renewal(80, { expiresAt: at(110) })],
      'renewed with an end other than that of its time',
    ],
    [
      'five at once',
      [...begun, ...['a', 'b', 'c', 'd', 'e'].map((name) => renewal(20, { set: name }))],
      'renewed more than 4 times at once',
    ],
    ['twice under one name', [...begun, renewal(20), renewed(20), renewal(40), renewed(40)], 'renewed twice under one name'],
    ['for another caller', [...begun, renewal(20, { caller: alex })], 'renewed for a caller other than the requester'],
    ['on other terms', [...begun, renewal(20, { terms: 'u' })], 'renewed on terms other than those of the request'],
    ['recorded without an intent', [...begun, renewed(20)], 'session.renewed without an open intent before it'],
    ['recorded twice', [...begun, renewal(20), renewed(20), renewed(20)], 'session.renewed without an open intent before it'],
    ['failed without an intent', [...begun, failed(20)], 'session.renewal-failed without an open intent before it'],
    ['recorded with a later end', [...begun, renewal(20), renewed(20, { expiration: at(51) })], 'renewed beyond the reserved end'],
    [
      'recorded with credentials that had expired',
      [...begun, renewal(20), renewed(21, { expiration: at(20) })],
      'renewed with credentials that had already expired',
    ],
    [
      'recorded with credentials that expire at once',
      [...begun, renewal(20), renewed(20, { expiration: at(20) })],
      'renewed with credentials that had already expired',
    ],
    [
      'recorded as the reserved credentials end',
      [...begun, renewal(119, { expiresAt: at(120) }), renewed(120, { expiration: at(120) })],
      'renewed after the end of the credentials',
    ],
    ['recorded too late', [...begun, renewal(20), renewed(22)], 'renewed more than 90 s after it was reserved'],
    [
      'with another role',
      [...begun, renewal(20), renewed(20, { assumedRoleId: `AROAOTHER:${name}` })],
      'renewed with a role ID other than that of the session',
    ],
    [
      'with a long-lived key',
      [...begun, renewal(20), renewed(20, { accessKeyId: 'AKIAEXAMPLEEXAMPLE20' })],
      'renewed with an access key ID that is not that of a session',
    ],
    [
      'with more before the access key',
      [...begun, renewal(20), renewed(20, { accessKeyId: 'xASIAEXAMPLEEXAMPLE20' })],
      'renewed with an access key ID that is not that of a session',
    ],
    [
      'with more behind the access key',
      [...begun, renewal(20), renewed(20, { accessKeyId: 'ASIAEXAMPLEEXAMPLE20x' })],
      'renewed with an access key ID that is not that of a session',
    ],
    ['sent three times', [...begun, renewal(20), renewed(20, { sends: 3 })], 'renewed after 3 sends of AssumeRole; the maximum is 2'],
    [`more than ${MAX_SETS} times`, [...begun, ...failures(MAX_SETS + 1)], `renewed more than ${MAX_SETS} times`],
    [
      `more than ${MAX_SETS} times, in two sessions`,
      [
        { ...created, uses: 2 },
        ...[reserved(), issued, reservedSibling, issuedSibling],
        ...[...failures(MAX_SETS - 1), renewal(20, { session: sibling }), renewal(21, { session: sibling, set: 'second' })],
      ],
      `renewed more than ${MAX_SETS} times`,
    ],
    ['without a call of AWS', [...begun, renewal(20), renewed(20, { sends: 0 })], 'renewed although AssumeRole was not sent'],
    ['abandoned at once', [...begun, renewal(20), abandoned(21)], 'abandoned less than 90 s after it was reserved'],
    [
      'first credentials for longer than one set',
      [created, reserved(), { ...issued, expiration: at(31) }],
      'issued for longer than one set of credentials lasts',
    ],
    [
      'reserved with sets that no config can have',
      [created, reserved({ renew: 3601 })],
      'reserved with credentials that no config can have',
    ],
    ['reserved with sets of less than a minute', [created, reserved({ renew: 59 })], 'reserved with credentials that no config can have'],
    [
      'reserved for more than twelve hours',
      [created, reserved({ duration: 43_260, expiresAt: at(721) })],
      'reserved for more than 43200 s',
    ],
    ['two hours without renewals', [created, reserved({ renew: undefined })], 'reserved for more than 3600 s'],
    ['ended twice', [...begun, ended(10), ended(11)], 'ended twice'],
    ['ended twice before it was issued', [created, reserved(), ended(0), ended(1)], 'ended twice'],
    ['ended before there was a session', [created, ended(10)], 'ended without a session'],
    [
      'ended after it had failed',
      [created, reserved(), event('session.failed', 0, { session, sends: 1 }), ended(10)],
      'ended after it had failed',
    ],
    [
      'ended after it was abandoned',
      [created, reserved(), event('session.abandoned', 2, { session }), ended(10)],
      'ended after it had failed',
    ],
    ['reserved again after it was ended', [created, reserved(), ended(0), reserved()], 'reserved twice'],
    ['issued after it was ended', [created, reserved(), ended(0), issued], 'session.issued without an open intent before it'],
    [
      'issued after it was ended, of an erased request',
      ['request.created', reserved(), ended(0), issued],
      'session.issued without an open intent before it',
    ],
    [
      'more attempts than a request has',
      [created, ...endedAtOnce(SPARE_ATTEMPTS + 1), reserved()],
      `reserved after ${SPARE_ATTEMPTS + 1} failed attempts`,
    ],
    ['ended without a session', [...begun, ended(10, { session: `${request}.dddddddd` })], 'ended without a session'],
    [
      'ended in another journal',
      [...begun, ended(10, { session: `req_${'1'.repeat(26)}.aaaaaaaa` })],
      'ended a session of another request',
    ],
    [
      'ended with credentials that it never had',
      [created, reserved(), ended(0, { credentialsExpireBy: at(30) })],
      'ended with credentials that were never issued',
    ],
    [
      'erased while it can be renewed',
      [...begun, event('request.erased', 31, { operator: 'o', justification: 'j' })],
      'request.erased while its credentials were still valid',
    ],
    [
      'erased while renewed credentials of an ended session are valid',
      [...begun, renewal(20), renewed(20), ended(21), erased(49)],
      'request.erased while its credentials were still valid',
    ],
    ['retired during a renewal', [...begun, renewal(100), event('request.retired', 121)], 'request.retired with a session open'],
    [
      'revoked after its window, without a session',
      [asked, received, given, approved, event('request.ended', 90), event('request.revoked', 91, { by: dana })],
      'revoked after its window and its sessions had ended',
    ],
    [
      'revoked as its window ends, without a session',
      [...agreed, event('request.ended', 90), revoked(90)],
      'revoked after its window and its sessions had ended',
    ],
    [
      'a token of a journal that goes on',
      [event('token.used', 0, { caller: dana, session }), reserved()],
      'session.reserved after the end',
    ],
  ])('%s', (_name, events, fault) => expect(faultsOf(events)).toContain(fault))
})
