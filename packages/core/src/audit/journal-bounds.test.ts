/** The bounds of the rules of a journal: what just keeps them, what just breaks them, and what cannot be judged. */
import { describe, expect, test } from 'vitest'
import { freezeIdOf } from '../access/freeze.ts'
import { linkId } from '../identity/link.ts'
import { roleSessionName } from '../identity/name.ts'
import { newRequestId, type RequestId, type SessionId } from '../ids.ts'
import { canonicalJson, type Json } from '../json.ts'
import { type AuditEvent, callerHash, journalEntry, MAX_EVENT_BYTES, NO_CONFIG } from './event.ts'
import { isByHand, newJournal, step } from './journal.ts'
import { type EventType, type ReadEvent, readEvent } from './schema.ts'
import { isSameRole } from './session-facts.ts'

const request = `req_${'0'.repeat(26)}`
const person = (subject: string) => ({ issuer: 'people', subject, kind: 'human', name: subject })
const [dana, alex, kim] = [person('dana'), person('alex'), person('kim')]
const job = { issuer: 'ci', subject: 'job', kind: 'workload', name: 'job' }
const noon = Date.parse('2026-11-24T12:00:00Z')
/** Seconds after noon. */
const after = (seconds: number) => new Date(noon + seconds * 1000).toISOString()
const DAY = 86_400
const event = (type: EventType, at: number, more: object = {}): ReadEvent =>
  ({ v: 4, type, request, at: after(at), config: 'c', ...more }) as ReadEvent

const what = { caller: dana, profile: 'reader', target: 'prod', terms: 't' }
const created = (more: object = {}) => event('request.created', 0, { ...what, uses: 2, expiresAt: after(3600), ...more })
const asked = (more: object = {}) =>
  event('request.asked', 0, { ...what, needs: [1], uses: 2, window: 3600, expiresAt: after(7200), ...more })
const received = (more: object = {}) => event('request.received', 0, more)
const given = (more: object = {}) => event('approval.given', 60, { by: alex, channel: 'api', source: '203.0.113.7', rules: [0], ...more })
const approved = (more: object = {}) => event('request.approved', 60, { uses: 2, expiresAt: after(3660), ...more })
const agreed = [asked(), received(), given(), approved()]
/** Two uses were asked for, and one was approved. */
const lowered = [asked(), received(), given({ limits: { uses: 1 } }), approved({ uses: 1 })]
const ended = event('request.ended', 3660)

const ROLE = 'arn:aws:iam::111122223333:role/stint/Reader'
const [first, second] = ['aaaaaaaa', 'bbbbbbbb'].map((suffix) => `${request}.${suffix}` as SessionId) as [SessionId, SessionId]
const reserved = (session = first, at = 60, more: { readonly duration?: number; readonly [name: string]: unknown } = {}) =>
  event('session.reserved', at, {
    ...{ session, caller: dana, terms: 't', sessionName: `dana-${session}`, role: ROLE, duration: 900 },
    ...{ expiresAt: after(at + (more.duration ?? 900)), ...more },
  })
const issued = (session = first, at = 61, more: object = {}) =>
  event('session.issued', at, {
    ...{ session, accessKeyId: 'ASIAEXAMPLEEXAMPLE00', assumedRoleId: `AROAEXAMPLE:dana-${session}`, packedPolicySize: 10, sends: 1 },
    ...{ assumedRoleArn: `arn:aws:sts::111122223333:assumed-role/Reader/dana-${session}`, expiration: after(960), ...more },
  })
const failed = (session = first, at = 61) => event('session.failed', at, { session, sends: 1 })
const dropped = (session = first, at = 61) => event('session.answer-dropped', at, { session, sends: 1 })
/** Sessions that fail, one after the other. */
const attempts = (count: number) =>
  Array.from({ length: count }, (_, at) => `${request}.${String(at).padStart(8, '0')}` as SessionId).flatMap((session) => [
    reserved(session, 61),
    failed(session, 61),
  ])
const ofLink = (type: EventType, at: number, user: string, more: object = {}) =>
  event(type, at, { request: linkId(dana), by: dana, slack: `T1/${user}`, ...more })
const typed = (user: string, at = 0) => ofLink('link.pending', at, user)
const linked = (user: string, at = 60, more: object = {}) => ofLink('link.made', at, user, { expiresAt: after(at + 90 * DAY), ...more })
const unlinked = (user: string, at = 120) => ofLink('link.ended', at, user)

function faultsOf(events: readonly (EventType | ReadEvent)[]): readonly string[] {
  const journal = newJournal()
  return events.flatMap((one) => (typeof one === 'string' ? step(journal, one, undefined) : step(journal, one.type, one)))
}

describe('just keeps the rules', () => {
  const end = event('request.ended', 3600)
  test.each<[string, readonly (EventType | ReadEvent)[]]>([
    [
      'an escalation and reminders',
      [asked(), received(), event('request.escalated', 1), event('request.reminded', 2), given(), approved()],
    ],
    ['reminders after the approval and after the end', [...agreed, event('request.reminded', 61), ended, event('request.reminded', 3661)]],
    ['a reminder of the review after a revocation', [...agreed, event('request.revoked', 61, { by: alex }), event('request.reminded', 62)]],
    ['a review after the end', [...agreed, ended, event('request.reviewed', 3661, { by: kim })]],
    [
      'a revocation after the end, while a session lives',
      [
        ...agreed,
        reserved(first, 3659),
        issued(first, 3659, { expiration: after(4559) }),
        ended,
        event('request.revoked', 3661, { by: alex }),
      ],
    ],
    ['a restore after the end', [...agreed, ended, event('request.restored', 3661)]],
    ['a session that fails after the end', [...agreed, reserved(first, 3659), ended, failed(first, 3661)]],
    [
      'a session whose answer is dropped after the end, and that is abandoned',
      [...agreed, reserved(first, 3659), ended, dropped(first, 3661), event('session.abandoned', 3749, { session: first })],
    ],
    ['as many attempts as were asked for, of fewer uses', [...lowered, ...attempts(22)]],
    ['a justification of the requester', [asked(), received(), event('request.justified', 1, { by: dana })]],
    ['a cancellation by the requester', [asked(), received(), event('request.cancelled', 1, { by: dana })]],
    ['an expiry at its time', [asked(), received(), event('request.expired', 7200)]],
    ['a revocation by the workload that asked', [created({ caller: job }), event('request.revoked', 1, { by: job })]],
    ['a revocation by a person while it waits', [asked(), received(), event('request.revoked', 1, { by: alex })]],
    ['the end at the end of the window', [created(), end]],
    ['retired at the end of the window', [created(), event('request.retired', 3600)]],
    ['retired at the end of the window, after a failure', [created(), reserved(), failed(), event('request.retired', 3600)]],
    [
      'retired when its last credentials expire',
      [created({ expiresAt: after(61) }), reserved(first, 60), issued(), event('request.retired', 960)],
    ],
    [
      'erased by hand after it was retired, by a clock that is behind',
      [created(), reserved(), issued(), end, event('request.retired', 3600), event('request.erased', 100, { config: NO_CONFIG })],
    ],
    ['two events a minute apart, the other way round', [created(), event('request.reminded', -60)]],
    ['most uses', [created({ uses: 100 })]],
    ['most uses, asked', [asked({ uses: 100 })]],
    ['ten approvers', [asked({ needs: [10] })]],
    ['waiting for 45 days', [asked({ expiresAt: after(45 * DAY) })]],
    ['an unattended approval after a minute', [asked({ unattendedAt: after(60) })]],
    ['a start in seven days and a minute', [asked(), received({ startsAt: after(7 * DAY + 60) })]],
    ['limits of exactly what was asked', [asked(), received(), given({ limits: { uses: 2, window: 3600 } }), approved()]],
    ['an ID that is a second off', [created({ request: newRequestId(noon - 1000, (count) => new Uint8Array(count)) })]],
    [
      'a session ten seconds before its window',
      [asked(), received({ startsAt: after(70) }), given(), approved({ expiresAt: after(3670) }), reserved(first, 60)],
    ],
    ['a session of a minute', [created(), reserved(first, 60, { duration: 60 })]],
    [
      'a session of exactly the limit',
      [asked(), received({ limits: { duration: 900 } }), given(), approved(), reserved(first, 60, { durationAsked: true })],
    ],
    ['a session that was sent twice', [created(), reserved(), issued(first, 61, { sends: 2 })]],
    ['a policy that fills the limit of AWS', [created(), reserved(), issued(first, 61, { packedPolicySize: 100 })]],
    ['issued after 90 seconds', [created(), reserved(), issued(first, 150)]],
    ['abandoned after 90 seconds', [created(), reserved(), event('session.abandoned', 150, { session: first })]],
    ['a link by email, confirmed late', [typed('U1'), linked('U1', 660, { email: true })]],
    ['a link again after it ended', [typed('U1'), linked('U1'), unlinked('U1'), typed('U2', 180), linked('U2', 240)]],
    ['a link again after it was erased', [typed('U1'), linked('U1'), ofLink('request.erased', 120, 'U1'), typed('U2', 180)]],
    ['a link by email again after it was erased', [typed('U1'), ofLink('request.erased', 120, 'U1'), linked('U2', 180, { email: true })]],
    ['links that were erased after they ended', [typed('U1'), linked('U1'), unlinked('U1'), ofLink('request.erased', 180, 'U1')]],
    ['a link that was erased', [typed('U1'), linked('U1'), ofLink('request.erased', 180, 'U1')]],
    ['a config that is announced', [event('config.seen', 0)]],
    ['a log that starts', [event('log.started', 0)]],
    ['a table that was restored', [event('table.restored', 0)]],
  ])('%s', (_name, events) => expect(faultsOf(events)).toEqual([]))
})

describe('just breaks the rules', () => {
  const [noSuchRule, unmet] = ['approved under a rule that the request does not have', 'approved without the approvals that it needs']
  const noConfig = 'asked for a number of approvers that no config can have'
  const unattended = 'asked with an unattended approval that no config can have'
  const otherId = 'created at a time other than that in its ID'
  const notDue = 'unlinked from a Slack user who was not linked'
  const notOpen = (type: string) => `${type} without an open intent before it`
  const early = { request: newRequestId(noon - 1001, (count) => new Uint8Array(count)) }
  test.each<[string, readonly (EventType | ReadEvent)[], readonly string[]]>([
    ['one attempt more than were asked for', [...lowered, ...attempts(23)], ['reserved after 22 failed attempts']],
    ['one attempt more than a request by rule has', [created(), ...attempts(23)], ['reserved after 22 failed attempts']],
    [
      'a justification of another',
      [asked(), received(), event('request.justified', 1, { by: alex })],
      ['justified by a caller other than its requester'],
    ],
    [
      'decided after it was cancelled',
      [asked(), received(), event('request.cancelled', 1, { by: dana }), approved()],
      ['request.approved where the journal is over'],
    ],
    [
      'decided after it had expired',
      [asked(), received(), event('request.expired', 7200), event('request.cancelled', 7201, { by: dana })],
      ['request.cancelled where the journal is over'],
    ],
    ['that extends itself', [asked(), received({ extends: asked().request })], ['extends itself']],
    ['approved by the requester alone', [asked(), received(), given({ by: dana }), approved()], ['approved by its own requester', unmet]],
    ['approved under a rule before the first', [asked(), received(), given({ rules: [-1] })], [noSuchRule]],
    ['approved under one rule and one that there is not', [asked(), received(), given({ rules: [0, 1] })], [noSuchRule]],
    ['no approvers', [asked({ needs: [] })], [noConfig]],
    ['one rule for eleven approvers', [asked({ needs: [1, 11] })], [noConfig]],
    ['an unattended approval after 59 seconds', [asked({ unattendedAt: after(59) })], [unattended]],
    ['an unattended approval as it expires', [asked({ unattendedAt: after(7200) })], [unattended]],
    ['101 uses, asked', [asked({ uses: 101 })], ['asked for more uses than a request can have']],
    [
      'details of another version',
      [asked(), { ...received(), v: 3 } as ReadEvent],
      ['received with another event version than the request'],
    ],
    [
      'no details, said once',
      [asked(), event('request.escalated', 1), event('request.reminded', 2)],
      ['asked without the request.received event that belongs to it'],
    ],
    [
      'no details, so the start of the window is unknown',
      [asked(), given(), approved({ expiresAt: after(3661) })],
      ['asked without the request.received event that belongs to it'],
    ],
    ['a refusal whose ID states another time', [event('request.refused', 0, early)], [otherId]],
    ['a capped refusal whose ID states another time', [event('request.refusals-capped', 0, early)], [otherId]],
    ['an announcement of no config', [event('config.seen', 0, { config: NO_CONFIG })], ['no config']],
    ['an announcement twice', [event('config.seen', 0), event('config.seen', 0)], ['config.seen where the journal is fact']],
    ['a log that starts twice', [event('log.started', 0), event('log.started', 0)], ['log.started where the journal is fact']],
    ['a restore twice', [event('table.restored', 0), event('table.restored', 0)], ['table.restored where the journal is fact']],
    ['another session closed while one is open', [created(), reserved(), failed(second)], [notOpen('session.failed')]],
    [
      'issued as it ends',
      [created(), reserved(first, 60, { duration: 60 }), issued(first, 120, { expiration: after(120) })],
      ['issued after its end'],
    ],
    [
      'more before the access key',
      [created(), reserved(), issued(first, 61, { accessKeyId: 'xASIAEXAMPLEEXAMPLE00' })],
      ['issued with an access key ID that is not that of a session'],
    ],
    [
      'more behind the access key',
      [created(), reserved(), issued(first, 61, { accessKeyId: 'ASIAEXAMPLEEXAMPLE00x' })],
      ['issued with an access key ID that is not that of a session'],
    ],
    [
      'more before the role ID',
      [created(), reserved(), issued(first, 61, { assumedRoleId: `x-AROAEXAMPLE:dana-${first}` })],
      ['issued with a role ID of another session'],
    ],
    ['a link by another user, late', [typed('U1'), linked('U2', 660)], ['linked to a Slack user who did not enter the code']],
    ['the end of a link that had ended', [typed('U1'), linked('U1'), unlinked('U1'), typed('U2', 180), unlinked('U1', 240)], [notDue]],
    [
      'the end of a link that was erased',
      [typed('U1'), linked('U1'), ofLink('request.erased', 120, 'U1'), typed('U2', 180), unlinked('U1', 240)],
      [notDue],
    ],
    [
      'a freeze that ends as it starts',
      [event('freeze.set', 0, { request: freezeIdOf('all'), scope: 'all', by: dana, expiresAt: after(0) })],
      ['set with an end before its start'],
    ],
  ])('%s', (_name, events, faults) => expect(faultsOf(events)).toEqual(faults))
})

describe('cannot be judged, because what came before was erased', () => {
  const attempts = Array.from({ length: 30 }, (_, n) => `${request}.${String(n).padStart(8, 'a')}` as SessionId)
  test.each<[string, readonly (EventType | ReadEvent)[]]>([
    ['an approval', ['request.asked', given({ by: dana, rules: [9] }), approved()]],
    ['an approval whose approvers were erased', [asked(), received(), 'approval.given', approved()]],
    ['details', ['request.asked', received()]],
    ['details whose first were erased', [asked(), 'request.received', received({ startsAt: after(30 * DAY) })]],
    ['no details', [asked(), 'request.escalated', event('request.reminded', 1)]],
    ['a justification', ['request.asked', event('request.justified', 1, { by: alex })]],
    ['an expiry', ['request.asked', event('request.expired', 1)]],
    ['a cancellation', ['request.asked', event('request.cancelled', 1, { by: alex })]],
    ['a denial by the requester', [asked(), received(), 'request.escalated', event('request.denied', 1, { by: dana })]],
    ['a revocation by a workload', ['request.created', event('request.revoked', 1, { by: job })]],
    ['an end', [created(), 'request.reminded', event('request.ended', 1)]],
    ['a review', ['request.created', event('request.reviewed', 1, { by: dana })]],
    ['a session', ['request.created', reserved(), issued()]],
    ['a session after the window', [created(), 'request.reminded', reserved(first, 4000)]],
    ['many failures', ['request.created', ...attempts.flatMap((session) => [reserved(session), failed(session)])]],
    ['a closed session whose intent was erased', ['request.created', 'session.reserved', issued()]],
    ['a dropped answer whose intent was erased', ['request.created', 'session.reserved', dropped()]],
    ['a dropped answer whose intent was erased, beside another', ['request.created', reserved(second), dropped()]],
    ['the end of a link', ['link.made', unlinked('U1')]],
    ['a link', ['link.pending', linked('U1')]],
    ['a text', ['request.created', event('request.text', 0, { of: 'subject', part: 1, parts: 1, text: 'x' })]],
    ['texts that are missing', [asked({ justificationHash: 'f' }), 'request.received', event('request.reminded', 1)]],
  ])('%s', (_name, events) => expect(faultsOf(events)).toEqual([]))
  test.each<[string, readonly (EventType | ReadEvent)[], readonly string[]]>([
    [
      'a session that was closed before',
      ['request.created', reserved(), issued(), issued()],
      ['session.issued without an open intent before it'],
    ],
    [
      'a dropped answer of a closed session',
      ['request.created', reserved(), issued(), dropped()],
      ['session.answer-dropped without an open intent before it'],
    ],
    ['a denial by a workload', ['request.asked', event('request.denied', 1, { by: job })], ['denied by a workload']],
  ])('but %s breaks a rule', (_name, events, faults) => expect(faultsOf(events)).toEqual(faults))
})

describe('an erasure', () => {
  const erased = event('request.erased', 3600)
  const stepped = (before: readonly (EventType | ReadEvent)[], isErased: boolean) => {
    const journal = newJournal()
    for (const one of before) typeof one === 'string' ? step(journal, one, undefined) : step(journal, one.type, one)
    journal.erased = isErased
    return [step(journal, 'request.erased', erased), journal.erasureRecorded]
  }
  test('of every event before it is one', () => expect(stepped(['request.created'], true)).toEqual([[], true]))
  test('of no event is one, too', () => expect(stepped([created()], false)).toEqual([[], true]))
  test('of some events is a fault', () =>
    expect(stepped([created(), 'request.ended'], true)).toEqual([['erased in part: only some of the events before it are gone'], true]))
  test.each<[string, EventType, ReadEvent | undefined]>([
    ['an event of another type', 'request.created', created()],
    ['an erasure that was erased itself', 'request.erased', undefined],
  ])('is not recorded by %s', (_name, type, one) => {
    const journal = newJournal()
    step(journal, type, one)
    expect(journal.erasureRecorded).toBe(false)
  })
})

describe('an event that an operator wrote by hand', () => {
  test.each<[EventType, boolean]>([
    ['request.erased', true],
    ['request.restored', true],
    ['freeze.set', true],
    ['request.ended', false],
  ])('%s without a config: %s', (type, byHand) => {
    expect(isByHand({ type, config: NO_CONFIG })).toBe(byHand)
    expect(isByHand({ type, config: 'c' })).toBe(false)
  })
  test('proves nothing by its time, about events before it or after it', () => {
    const restored = (at: number, config: string) => event('request.restored', at, { config })
    expect(faultsOf([created(), restored(-3600, NO_CONFIG)])).toEqual([])
    expect(faultsOf([created(), restored(3600, NO_CONFIG), event('request.retired', 1)])).toEqual([])
    expect(faultsOf([created(), restored(-3600, 'c')])).toEqual(['dated 3600 s before an event that precedes it'])
  })
})

test.each([
  [180, []],
  [181, ['dated 181 s before an event that precedes it']],
])('an event dated %i s before the one before it: clocks differ, and writes arrive late', (earlier, faults) => {
  expect(faultsOf([created(), event('request.restored', -earlier, { config: 'c' })])).toEqual(faults)
})

test('a restore ends a request whose other events were lost with the backup', () => {
  const restored = event('request.restored', 1)
  expect(faultsOf([asked(), restored])).toEqual([])
  expect(faultsOf([asked({ justificationHash: 'f'.repeat(64) }), received(), restored])).toEqual([])
})

describe('a journal keeps only what can still be checked', () => {
  const keptAfter = (events: readonly (EventType | ReadEvent)[]) => {
    const journal = newJournal()
    for (const one of events) typeof one === 'string' ? step(journal, one, undefined) : step(journal, one.type, one)
    return (['facts', 'waiting', 'sessions'] as const).filter((name) => journal[name] !== undefined)
  }
  const twice = [created(), reserved(), issued(), reserved(second)]
  test.each<[string, readonly (EventType | ReadEvent)[], readonly string[]]>([
    ['waiting', [asked()], ['facts', 'waiting']],
    ['approved', agreed, ['facts']],
    ['with a session open', [...agreed, reserved()], ['facts', 'sessions']],
    ['with a use left', [created(), reserved(), issued()], ['facts', 'sessions']],
    ['with a session open and no use left', twice, ['facts', 'sessions']],
    ['without a use left', [...twice, issued(second)], []],
    ['over', [...agreed, ended], []],
    ['over, after a failure', [created(), reserved(), failed(), event('request.ended', 3600)], []],
    ['over, with a session open', [created(), reserved(), event('request.revoked', 61, { by: alex })], ['sessions']],
    [
      'over, with an erased event and a use left',
      [created(), 'request.reminded', reserved(), failed(), event('request.ended', 3600)],
      ['sessions'],
    ],
  ])('%s', (_name, events, kept) => expect(keptAfter(events)).toEqual(kept))
})

describe('the caller and the name of a session', () => {
  const named = (name: string, head: string, more: object = {}) =>
    faultsOf([created(), reserved(first, 60, { caller: { ...dana, name }, sessionName: `${head}-${first}`, ...more })])
  const notItsOwn = ['reserved under a session name that is not its own']
  const older = (head: string) => {
    const { caller: _caller, terms: _terms, ...rest } = reserved(first, 60, { sessionName: `${head}-${first}` })
    return faultsOf([{ ...created(), v: 1 } as ReadEvent, { ...rest, v: 1 } as ReadEvent])
  }
  test.each<[string, readonly string[], readonly string[]]>([
    ['a name that AWS takes', named('Dana', 'Dana'), []],
    ['a name that AWS takes in part', named('Dana Scully', roleSessionName('Dana Scully', first).slice(0, -first.length - 1)), []],
    ['a name with a space', named('Dana Scully', 'Dana Scully'), notItsOwn],
    ['a name that AWS does not take at all', named('§§', '§§'), notItsOwn],
    ['a name that ends in what AWS does not take', named('Dana§', 'Dana§'), notItsOwn],
    ['a name that begins with what AWS does not take', named('§Dana', '§Dana'), notItsOwn],
    ['part of the name of another', named('D', 'Dana'), notItsOwn],
    ['the hash of the caller, and any name', named('', 'Dana', { caller: undefined, callerHash: callerHash(dana) }), []],
    [
      'the hash of another caller',
      named('', 'Dana', { caller: undefined, callerHash: callerHash(alex) }),
      ['reserved for a caller other than the requester'],
    ],
    ['an older event with 24 characters', older('D'.repeat(24)), []],
    ['an older event with 25 characters', older('D'.repeat(25)), notItsOwn],
    ['an older event that begins with what AWS does not take', older('§Dana'), notItsOwn],
    ['an older event that ends in what AWS does not take', older('Dana§'), notItsOwn],
    ['an older event without a name', older(''), []],
  ])('%s', (_name, found, faults) => expect(found).toEqual(faults))

  test.each<[string, number, readonly string[]]>([
    ['one byte too long for another character', MAX_EVENT_BYTES - 11, []],
    ['just short enough for another character', MAX_EVENT_BYTES - 12, notItsOwn],
  ])('a name that was cut, in an event that is %s', (_name, bytes, faults) => {
    const cut = reserved(first, 60, { caller: { ...dana, name: 'D' }, sessionName: `Dana-${first}`, sourceIdentity: '' })
    const missing = bytes - Buffer.byteLength(canonicalJson(cut as unknown as Json))
    expect(faultsOf([created(), { ...cut, sourceIdentity: 's'.repeat(missing) }])).toEqual(faults)
  })

  /** As Stint writes it. */
  const writtenFor = (subject: string): ReadEvent => {
    const caller = { issuer: 'people', subject, name: 'D'.repeat(24), kind: 'human' } as const
    const { event: text } = journalEntry(
      {
        ...{ type: 'session.reserved', request: request as RequestId, session: first, at: noon, caller, terms: 'f'.repeat(64) },
        ...{
          sessionName: roleSessionName(caller.name, first),
          role: ROLE,
          duration: 900,
          expiresAt: noon + 900_000,
          build: 'b'.repeat(40),
        },
        ...{ source: '203.0.113.7', token: 'f'.repeat(64), trace: 'f'.repeat(32), sourceIdentity: 's'.repeat(64) },
      } as AuditEvent,
      { random: (count) => new Uint8Array(count), configHash: 'c'.repeat(64) },
    )
    const read = readEvent(text)
    if (typeof read === 'string') throw new Error(read)
    return read
  }
  test('a name that was cut, because the event is full, is the beginning of the session name', () => {
    const events = Array.from({ length: 256 }, (_, n) => writtenFor('s'.repeat(n + 1)))
    const cut = events.filter(({ caller }) => caller !== undefined && (caller as typeof dana).name.length < 24)
    expect(cut.length).toBeGreaterThan(10)
    for (const one of cut) {
      const grant = { ...created(), caller: { ...(one.caller as object) }, terms: 'f'.repeat(64) } as ReadEvent
      expect(faultsOf([grant, one])).toEqual([])
      if ((one.caller as typeof dana).name !== '')
        expect(faultsOf([grant, { ...one, sessionName: `E${'D'.repeat(23)}-${first}` }])).toEqual(notItsOwn)
    }
    const short = { ...writtenFor('s'), caller: { ...dana, subject: 's', name: 'D' } } as ReadEvent
    expect(Buffer.byteLength(canonicalJson(short as unknown as Json))).toBeLessThan(1000)
    expect(faultsOf([{ ...created(), caller: short.caller, terms: 'f'.repeat(64) } as ReadEvent, short])).toEqual(notItsOwn)
  })
})

describe('two events have the same role', () => {
  const of = (path: string, name = 'Reader', account = '111122223333', partition = 'aws') =>
    `arn:${partition}:iam::${account}:role/${path}${name}`
  test.each<[string, string, string, boolean]>([
    ['equal', of('a/'), of('a/'), true],
    ['another path', of('a/'), of('b/'), false],
    ['one without room for its path', of('…/'), of('a/b/'), true],
    ['the other without room for its path', of('a/b/'), of('…/'), true],
    ['one without room, and no path', of('…/'), of(''), true],
    ['both without room', of('…/'), of('…/'), true],
    ['another name', of('…/'), of('a/', 'Admin'), false],
    ['another account', of('…/'), of('a/', 'Reader', '444455556666'), false],
    ['another partition', of('…/'), of('a/', 'Reader', '111122223333', 'aws-cn'), false],
    ['more before the ARN', of('…/'), `x${of('a/')}`, false],
    ['not a role', of('…/'), 'Reader', false],
    ['neither is a role', ':role/…/Reader', 'Reader', false],
  ])('%s', (_name, one, other, same) => {
    expect(isSameRole(one, other)).toBe(same)
    expect(isSameRole(other, one)).toBe(same)
  })
})

test('a freeze needs a second person, also if the first was someone else before', () => {
  const of = (type: EventType, by: object) => event(type, 0, { request: freezeIdOf('all'), scope: 'all', by })
  expect(
    faultsOf([of('freeze.set', dana), of('freeze.release-asked', alex), of('freeze.release-asked', kim), of('freeze.released', alex)]),
  ).toEqual([])
})
