/** An item that was changed behind Stint: each attribute that a later write reads, one at a time. */
import { describe, expect, test } from 'vitest'
import { freezeIdOf } from '../access/freeze.ts'
import { sha256Hex } from '../digest.ts'
import { linkId } from '../identity/link.ts'
import { storedSubject } from '../identity/subject.ts'
import { canonicalJson, type Json } from '../json.ts'
import { type ItemFacts, type ItemSession, itemFaults } from './item.ts'
import type { ReadEvent } from './schema.ts'

const request = `req_${'0'.repeat(26)}`
const person = (subject: string) => ({ issuer: 'people', subject, kind: 'human', name: subject })
const [dana, alex, kim] = [person('dana'), person('alex'), person('kim')]
/** `12:05` → 2026-11-24T12:05:00.000Z */
const time = (clock: string) => `2026-11-24T${clock.padEnd(8, ':00')}.000Z`
const at = (clock: string) => Date.parse(time(clock))
const event = (type: ReadEvent['type'], clock: string, more: object = {}): ReadEvent => ({
  ...{ v: 4, type, request, at: time(clock), config: 'c' },
  ...more,
})
const ROLE = 'arn:aws:iam::111122223333:role/stint/Reader'
const OTHER_ROLE = 'arn:aws:iam::111122223333:role/stint/Admin'

const textOfTerms = (more: object = {}): string =>
  canonicalJson({
    ...{ v: 1, profile: 'reader', caller: { issuer: 'people', subject: 'dana' }, role: ROLE, sourceIdentity: 'acme.dana' },
    ...{ uses: 3, window: 0, maxDuration: 3600, ...more },
  } as Json)
const ofTerms = (terms: string) => ({ terms, termsHash: sha256Hex(terms) })

// ── Granted by rule, and used: one session issued, one failed, one abandoned, one reserved ───────────────────────────

const intent = (suffix: string, clock: string, more: object = {}): ReadEvent =>
  event('session.reserved', clock, {
    ...{ session: `${request}.${suffix}`, sessionName: `dana-${suffix}`, role: ROLE, sourceIdentity: 'acme.dana', duration: 900 },
    ...{ expiresAt: new Date(at(clock) + 900_000).toISOString(), ...more },
  })
const issued = (suffix: string, clock: string, expires: string): ReadEvent =>
  event('session.issued', clock, {
    ...{ session: `${request}.${suffix}`, accessKeyId: 'ASIA1', assumedRoleArn: 'arn:1', expiration: time(expires) },
  })
const closed = (type: 'session.abandoned' | 'session.answer-dropped' | 'session.failed', suffix: string, clock: string): ReadEvent =>
  event(type, clock, { session: `${request}.${suffix}` })
const session = (state: string, suffix: string, clock: string, more: Partial<ItemSession> = {}): ItemSession => ({
  ...{ state, reservedAt: at(clock), duration: 900, expiresAt: at(clock) + 900_000, sessionName: `dana-${suffix}` },
  ...{ sourceIdentity: 'acme.dana', dropped: false, open: [], ...more },
})

const grantTerms = textOfTerms()
const created = event('request.created', '12:00', {
  ...{ caller: dana, profile: 'reader', target: 'prod', terms: sha256Hex(grantTerms), uses: 3, expiresAt: time('13:00') },
})
const used = [
  created,
  intent('aaaaaaaa', '12:01'),
  issued('aaaaaaaa', '12:01', '12:15'),
  intent('bbbbbbbb', '12:02'),
  closed('session.failed', 'bbbbbbbb', '12:02'),
  intent('cccccccc', '12:03'),
  closed('session.answer-dropped', 'cccccccc', '12:03'),
  closed('session.abandoned', 'cccccccc', '12:05'),
  intent('dddddddd', '12:06'),
]
const ofUsed: ItemFacts = {
  ...{ state: 'approved', createdAt: at('12:00'), caller: 'people#dana', callerKey: 'people#dana', profile: 'reader', target: 'prod' },
  ...{ roleArn: ROLE, ...ofTerms(grantTerms), usesLeft: 1, attempts: 4, windowExpiresAt: at('13:00'), reviewed: false },
  sessions: {
    aaaaaaaa: session('issued', 'aaaaaaaa', '12:01', { accessKeyId: 'ASIA1', assumedRoleArn: 'arn:1', expiration: at('12:15') }),
    bbbbbbbb: session('failed', 'bbbbbbbb', '12:02'),
    cccccccc: session('abandoned', 'cccccccc', '12:03', { dropped: true }),
    dddddddd: session('reserved', 'dddddddd', '12:06'),
  },
}
const withSession = (suffix: string, more: Partial<ItemSession>): Partial<ItemFacts> => ({
  sessions: { ...ofUsed.sessions, [suffix]: { ...(ofUsed.sessions[suffix] as ItemSession), ...more } },
})
const has = (attribute: string, table: string, journal: string) =>
  `the table has ${attribute} ${table}, but its journal has ${journal.replace('$', attribute)}`
const ofSession = (suffix: string, attribute: string, table: string, journal: string) =>
  `the table has ${attribute} ${table} for session ${suffix}, but its journal has ${journal}`

describe('a request whose session was renewed', () => {
  const terms = textOfTerms({ renew: 300 })
  const ofSet = (type: ReadEvent['type'], clock: string, set: string, more: object = {}) =>
    event(type, clock, { session: `${request}.aaaaaaaa`, set, ...more })
  const renewed = [
    { ...created, terms: sha256Hex(terms) },
    intent('aaaaaaaa', '12:01', { renew: 300 }),
    issued('aaaaaaaa', '12:01', '12:06'),
    ofSet('session.renewal-reserved', '12:05', 'aa'),
    ofSet('session.renewed', '12:05', 'aa', { accessKeyId: 'ASIA2', expiration: time('12:10') }),
    ofSet('session.renewal-reserved', '12:06', 'bb'),
    ofSet('session.renewal-failed', '12:06', 'bb'),
    ofSet('session.renewal-reserved', '12:07', 'cc'),
  ]
  const stored = session('issued', 'aaaaaaaa', '12:01', {
    ...{ accessKeyId: 'ASIA1', assumedRoleArn: 'arn:1', expiration: at('12:06'), renew: 300, open: ['cc'] },
    renewed: { count: 1, accessKeyId: 'ASIA2', expiration: at('12:10') },
  })
  const item: ItemFacts = {
    ...{ ...ofUsed, ...ofTerms(terms), usesLeft: 2, attempts: 1, renewals: 3 },
    sessions: { aaaaaaaa: stored },
  }
  const bare = { assumedRoleArn: 'arn:1', renew: 300 }
  const withRenewed = (more: object) => ({ renewed: { count: 1, accessKeyId: 'ASIA2', expiration: at('12:10'), ...more } })
  const of = (attribute: string, table: string, journal: string) => ofSession('aaaaaaaa', attribute, table, journal)
  const faultsWith = (change: Partial<ItemSession>, events: readonly ReadEvent[] = renewed) =>
    itemFaults({ ...item, sessions: { aaaaaaaa: { ...stored, ...change } } }, events)
  const ending = event('session.ended', '12:08', { session: `${request}.aaaaaaaa`, endedBy: 'responder' })

  test('matches its journal', () => expect(itemFaults(item, renewed)).toEqual([]))
  test('matches once it was ended', () => expect(faultsWith({ state: 'ended', endedBy: 'responder' }, [...renewed, ending])).toEqual([]))
  test('matches if it was ended before it was issued', () => {
    const { accessKeyId: _key, assumedRoleArn: _arn, expiration: _end, renewed: _renewed, ...bare } = stored
    const ended = { ...bare, state: 'ended', endedBy: 'responder', open: [] }
    expect(itemFaults({ ...item, usesLeft: 3, renewals: 0, sessions: { aaaaaaaa: ended } }, [...renewed.slice(0, 2), ending])).toEqual([])
  })
  test('with another number of renewals differs', () =>
    expect(itemFaults({ ...item, renewals: 2 }, renewed)).toEqual([has('renewals', '2', '3')]))
  test.each<[string, Partial<ItemSession>, string]>([
    ['length of its sets', { renew: 3600 }, of('renew', '3600', '300')],
    ['count', withRenewed({ count: 2 }), of('renewed.count', '2', '1')],
    ['newest access key', withRenewed({ accessKeyId: 'ASIA3' }), of('renewed.accessKeyId', 'ASIA3', 'ASIA2')],
    ['end of the newest set', withRenewed({ expiration: at('12:11') }), of('renewed.expiration', String(at('12:11')), String(at('12:10')))],
    ['open renewal', { open: ['bb'] }, of('open renewals', '["bb"]', '["cc"]')],
    ['open renewal less', { open: [] }, of('open renewals', '[]', '["cc"]')],
    ['state that no event made', { state: 'ended' }, of('state', 'ended', 'issued')],
    ['end that no event made', { endedBy: 'caller' }, of('endedBy', 'caller', 'none')],
  ])('with another %s differs', (_name, change, fault) => expect(faultsWith(change)).toEqual([fault]))
  test('matches if another of its sessions was not renewed', () => {
    const other = session('issued', 'bbbbbbbb', '12:08', { ...bare, accessKeyId: 'ASIA1', expiration: at('12:13') })
    const events = [...renewed, intent('bbbbbbbb', '12:08', { renew: 300 }), issued('bbbbbbbb', '12:08', '12:13')]
    expect(itemFaults({ ...item, usesLeft: 1, attempts: 2, sessions: { aaaaaaaa: stored, bbbbbbbb: other } }, events)).toEqual([])
  })
  test('matches once its open renewal was abandoned', () =>
    expect(faultsWith({ open: [] }, [...renewed, ofSet('session.renewal-abandoned', '12:09', 'cc')])).toEqual([]))
  test.each<[string, string, string, readonly string[]]>([
    ['the newer of two sets', 'ASIA3', '12:12', []],
    ['the older of two sets', 'ASIA2', '12:12', [of('renewed.accessKeyId', 'ASIA2', 'ASIA3')]],
    ['the first of two sets that expire together', 'ASIA2', '12:10', []],
    ['the second of two sets that expire together', 'ASIA3', '12:10', []],
  ])('has the access key of %s', (_name, accessKeyId, expires, faults) => {
    const events = [...renewed, ofSet('session.renewed', '12:07', 'cc', { accessKeyId: 'ASIA3', expiration: time(expires) })]
    expect(faultsWith({ renewed: { count: 2, accessKeyId, expiration: at(expires) }, open: [] }, events)).toEqual(faults)
  })
  test('ends after the window if it was granted by rule', () => {
    const events = [renewed[0] as ReadEvent, intent('aaaaaaaa', '12:50', { renew: 300 }), issued('aaaaaaaa', '12:50', '12:55')]
    const late = session('issued', 'aaaaaaaa', '12:50', { ...bare, accessKeyId: 'ASIA1', expiration: at('12:55') })
    expect(late.expiresAt).toBeGreaterThan(item.windowExpiresAt as number)
    expect(itemFaults({ ...item, renewals: 0, sessions: { aaaaaaaa: late } }, events)).toEqual([])
  })
  test('on terms without renewals differs', () => {
    const plain = textOfTerms()
    expect(itemFaults({ ...item, ...ofTerms(plain) }, [{ ...created, terms: sha256Hex(plain) }, ...renewed.slice(1)])).toEqual([
      'its journal has renew 300, but its terms have none',
    ])
  })
})

describe('a request that was granted by rule', () => {
  test('matches its journal', () => expect(itemFaults(ofUsed, used)).toEqual([]))
  test('matches without attempts before the first session', () =>
    expect(itemFaults({ ...ofUsed, usesLeft: 3, attempts: undefined as never, sessions: {} }, [created])).toEqual([]))
  test('is not compared without a journal', () => expect(itemFaults(ofUsed, [])).toEqual([]))

  test.each<[string, Partial<ItemFacts>, string]>([
    ['state', { state: 'ended' }, has('state', 'ended', 'approved')],
    ['creation', { createdAt: at('12:01') }, has('createdAt', time('12:01'), time('12:00'))],
    ['creation that is not a time', { createdAt: 9e15 }, has('createdAt', '9000000000000000', time('12:00'))],
    ['creation just beyond time', { createdAt: 8.64e15 }, has('createdAt', '8640000000000000', time('12:00'))],
    ['shown caller', { caller: 'people#alex' }, has('caller', 'people#alex', 'people#dana')],
    ['compared caller', { callerKey: 'people#alex' }, has('callerKey', 'people#alex', 'people#dana')],
    ['subject that the event has whole', { fullSubject: 'dana' }, has('fullSubject', 'dana', 'none')],
    ['profile', { profile: 'admin' }, has('profile', 'admin', 'reader')],
    ['target', { target: 'test' }, has('target', 'test', 'prod')],
    ['hash of terms', { termsHash: 'f' }, has('termsHash', 'f', sha256Hex(grantTerms))],
    ['terms', { terms: textOfTerms({ maxDuration: 7200 }) }, 'the terms in the table differ from those in its journal'],
    ['role', { roleArn: OTHER_ROLE }, has('roleArn', OTHER_ROLE, ROLE)],
    ['review', { reviewed: true }, has('reviewed', 'true', 'false')],
    ['uses', { usesLeft: 2 }, has('usesLeft', '2', '1')],
    ['missing uses', { usesLeft: undefined as never }, has('usesLeft', 'none', '1')],
    ['attempts', { attempts: 3 }, has('attempts', '3', '4')],
    ['end of the window', { windowExpiresAt: at('14:00') }, has('windowExpiresAt', time('14:00'), time('13:00'))],
    ['state of an issued session', withSession('aaaaaaaa', { state: 'failed' }), ofSession('aaaaaaaa', 'state', 'failed', 'issued')],
    ['same, abandoned', withSession('aaaaaaaa', { state: 'abandoned' }), ofSession('aaaaaaaa', 'state', 'abandoned', 'issued')],
    ['same, reserved', withSession('aaaaaaaa', { state: 'reserved' }), ofSession('aaaaaaaa', 'state', 'reserved', 'issued')],
    ['state of a failed session', withSession('bbbbbbbb', { state: 'reserved' }), ofSession('bbbbbbbb', 'state', 'reserved', 'failed')],
    ['state of an open session', withSession('dddddddd', { state: 'issued' }), ofSession('dddddddd', 'state', 'issued', 'reserved')],
    [
      'reservation of a session',
      withSession('aaaaaaaa', { reservedAt: at('12:02') }),
      ofSession('aaaaaaaa', 'reservedAt', time('12:02'), time('12:01')),
    ],
    ['duration of a session', withSession('aaaaaaaa', { duration: 60 }), ofSession('aaaaaaaa', 'duration', '60', '900')],
    ['name of a session', withSession('aaaaaaaa', { sessionName: 'x' }), ofSession('aaaaaaaa', 'sessionName', 'x', 'dana-aaaaaaaa')],
    [
      'source identity of a session',
      withSession('aaaaaaaa', { sourceIdentity: 'acme.alex' }),
      ofSession('aaaaaaaa', 'sourceIdentity', 'acme.alex', 'acme.dana'),
    ],
    ['access key of a session', withSession('aaaaaaaa', { accessKeyId: 'ASIA2' }), ofSession('aaaaaaaa', 'accessKeyId', 'ASIA2', 'ASIA1')],
    [
      'access key of a session that failed',
      withSession('bbbbbbbb', { accessKeyId: 'ASIA2' }),
      ofSession('bbbbbbbb', 'accessKeyId', 'ASIA2', 'none'),
    ],
    [
      'expiration of a session',
      withSession('aaaaaaaa', { expiration: at('12:16') }),
      ofSession('aaaaaaaa', 'expiration', time('12:16'), time('12:15')),
    ],
    ['ARN of a session', withSession('aaaaaaaa', { assumedRoleArn: 'arn:2' }), ofSession('aaaaaaaa', 'assumedRoleArn', 'arn:2', 'arn:1')],
    ['dropped answer of a session', withSession('cccccccc', { dropped: false }), ofSession('cccccccc', 'dropped', 'false', 'true')],
    ['dropped answer that was not', withSession('aaaaaaaa', { dropped: true }), ofSession('aaaaaaaa', 'dropped', 'true', 'false')],
    [
      'end of a session',
      withSession('aaaaaaaa', { expiresAt: at('12:17') }),
      ofSession('aaaaaaaa', 'expiresAt', time('12:17'), time('12:16')),
    ],
    [
      'session more',
      { sessions: { ...ofUsed.sessions, eeeeeeee: session('reserved', 'eeeeeeee', '12:07') } },
      'the table has a session eeeeeeee that is not in its journal',
    ],
    [
      'session less',
      { sessions: { aaaaaaaa: ofUsed.sessions.aaaaaaaa, bbbbbbbb: ofUsed.sessions.bbbbbbbb, cccccccc: ofUsed.sessions.cccccccc } as never },
      'session dddddddd of its journal is not in the table',
    ],
  ])('with another %s differs', (_name, change, fault) => expect(itemFaults({ ...ofUsed, ...change }, used)).toEqual([fault]))

  test.each<[string, object, object, string]>([
    [
      'another caller',
      { caller: { issuer: 'people', subject: 'alex' } },
      {},
      'its journal has caller people#dana, but its terms have people#alex',
    ],
    ['another profile', { profile: 'admin' }, {}, 'its journal has profile reader, but its terms have admin'],
    ['other uses', { uses: 5 }, {}, 'its journal has uses 3, but its terms have 5'],
    [
      'another source identity',
      { sourceIdentity: 'acme.alex' },
      {},
      'its journal has sourceIdentity acme.dana, but its terms have acme.alex',
    ],
    ['less time', { maxDuration: 899 }, {}, 'its journal has duration 900, but its terms allow 899'],
    ['another role', { role: OTHER_ROLE }, { roleArn: OTHER_ROLE }, `its journal has role ${ROLE}, but its terms have ${OTHER_ROLE}`],
  ])('whose terms have %s differs', (_name, change, more, fault) => {
    const terms = textOfTerms(change)
    const journal = [{ ...created, terms: sha256Hex(terms) }, intent('aaaaaaaa', '12:01')] as readonly ReadEvent[]
    const item = {
      ...ofUsed,
      ...ofTerms(terms),
      usesLeft: 2,
      attempts: 1,
      sessions: { aaaaaaaa: session('reserved', 'aaaaaaaa', '12:01') },
    }
    expect(itemFaults({ ...item, ...more }, journal)).toEqual([fault])
  })
  test('whose event had no room for the path of the role matches', () => {
    const short = intent('aaaaaaaa', '12:01', { role: ROLE.replace('/stint/', '/…/') })
    const item = { ...ofUsed, usesLeft: 2, attempts: 1, sessions: { aaaaaaaa: session('reserved', 'aaaaaaaa', '12:01') } }
    expect(itemFaults(item, [created, short])).toEqual([])
  })
  test('whose terms need approvers, although it was granted by rule, differs', () => {
    const terms = textOfTerms({ approval: { rules: [{ count: 1 }] } })
    const item = { ...ofUsed, ...ofTerms(terms), usesLeft: 3, attempts: 0, sessions: {} }
    expect(itemFaults(item, [{ ...created, terms: sha256Hex(terms) }])).toEqual(['its journal has needs none, but its terms have [1]'])
  })
  test('whose terms have exactly the duration of its sessions matches', () => {
    const terms = textOfTerms({ maxDuration: 900 })
    expect(itemFaults({ ...ofUsed, ...ofTerms(terms) }, [{ ...created, terms: sha256Hex(terms) }, ...used.slice(1)])).toEqual([])
  })
})

describe('the state follows from the last event that has one', () => {
  const by = { by: alex }
  const asked = event('request.asked', '12:00', { caller: dana })
  const ends = [
    ['a grant by rule', [created], 'approved'],
    ['a request', [asked], 'pending'],
    ['an approval', [asked, event('request.approved', '12:01', { uses: 1, expiresAt: time('13:00') })], 'approved'],
    ['a denial', [asked, event('request.denied', '12:01', by)], 'denied'],
    ['a cancellation', [asked, event('request.cancelled', '12:01', by)], 'cancelled'],
    ['a revocation', [created, event('request.revoked', '12:01', by)], 'revoked'],
    ['an expiry', [asked, event('request.expired', '13:00')], 'expired'],
    ['the end of the window', [created, event('request.ended', '13:00')], 'ended'],
    ['a restore', [created, event('request.restored', '12:01')], 'ended'],
    ['a reminder after the end', [created, event('request.ended', '13:00'), event('request.reminded', '13:01')], 'ended'],
  ] as const
  test.each(ends)('%s', (_name, events, state) => {
    const faults = itemFaults({ ...ofUsed, state: 'other' }, events).filter((fault) => fault.startsWith('the table has state '))
    expect(faults).toEqual([has('state', 'other', state)])
  })
  test.each<[string, readonly ReadEvent[], string, readonly string[]]>([
    ['a refusal', [event('request.refused', '12:00')], 'refused', []],
    ['a refusal that is shown as approved', [event('request.refused', '12:00')], 'approved', [has('state', 'approved', 'refused')]],
    [
      'a capped refusal that is shown as pending',
      [event('request.refusals-capped', '12:00')],
      'pending',
      [has('state', 'pending', 'refused')],
    ],
    ['an item that lost its terms after the end', [created, event('request.ended', '13:00')], 'ended', []],
    ['an item that lost its terms and can be used', [created], 'approved', [has('state', 'approved', 'ended')]],
    ['an item that lost its terms and still waits', [asked], 'pending', [has('state', 'pending', 'ended')]],
  ])('%s, without terms', (_name, events, state, faults) =>
    expect(itemFaults({ state, reviewed: false, sessions: {} }, events)).toEqual(faults),
  )
  test('who decided is compared if the event says it', () => {
    const revoked = [...used, event('request.revoked', '12:10', by)]
    expect(itemFaults({ ...ofUsed, state: 'revoked', decidedBy: 'people#alex' }, revoked)).toEqual([])
    expect(itemFaults({ ...ofUsed, state: 'revoked', decidedBy: 'people#kim' }, revoked)).toEqual([
      has('decidedBy', 'people#kim', 'people#alex'),
    ])
    expect(itemFaults({ ...ofUsed, state: 'ended', decidedBy: 'people#kim' }, [...used, event('request.ended', '13:00')])).toEqual([])
  })
  test('a review is compared', () => {
    const reviewed = [...used, event('request.reviewed', '12:10', by)]
    expect(itemFaults({ ...ofUsed, reviewed: true }, reviewed)).toEqual([])
    expect(itemFaults(ofUsed, reviewed)).toEqual([has('reviewed', 'false', 'true')])
  })
})

// ── Asked, approved by two, and used ─────────────────────────────────────────────────────────────────────────────────

const approval = { rules: [{ count: 2 }, { count: 1 }] }
const askedTerms = textOfTerms({ uses: 2, window: 7200, approval: { ...approval, breakGlass: true }, triggeredBy: 'Dana' })
const asked = event('request.asked', '12:00', {
  ...{ caller: dana, profile: 'reader', target: 'prod', terms: sha256Hex(askedTerms), needs: [2, 1], uses: 2, window: 7200 },
  ...{ expiresAt: time('14:00'), unattendedAt: time('12:30'), justification: 'INC-1' },
})
const received = event('request.received', '12:00', { startsAt: time('12:20'), limits: { duration: 1800, uses: 2 } })
const justified = event('request.justified', '12:01', { by: dana, justification: 'INC-2' })
const given = (by: object, clock: string, more: object = {}) => event('approval.given', clock, { by, rules: [0], ...more })
const approvals = [given(alex, '12:05', { limits: { duration: 600, window: 3600 } }), given(kim, '12:10', { rules: [0, 1] })]
const approved = event('request.approved', '12:10', { uses: 2, expiresAt: time('13:20') })
const pending = [asked, received, justified]
const agreed = [...pending, ...approvals, approved]
const ofPending: ItemFacts = {
  ...{ state: 'pending', createdAt: at('12:00'), caller: 'people#dana', callerKey: 'people#dana', profile: 'reader', target: 'prod' },
  ...{ roleArn: ROLE, ...ofTerms(askedTerms), reviewed: false, sessions: {}, triggeredBy: 'Dana', breakGlass: true },
  ...{ expiresAt: at('14:00'), unattendedAt: at('12:30'), startsAt: at('12:20'), justification: 'INC-1', moreJustifications: ['INC-2'] },
  limits: { duration: 1800, uses: 2 },
}
const ofAgreed: ItemFacts = {
  ...ofPending,
  ...{ state: 'approved', usesLeft: 2, windowStartsAt: at('12:20'), windowExpiresAt: at('13:20') },
  limits: { duration: 600, uses: 2, window: 3600 },
  approvals: [
    { by: 'people#alex', rules: [0], limits: { duration: 600, window: 3600 } },
    { by: 'people#kim', rules: [0, 1], limits: {} },
  ],
}

describe('a request that waits', () => {
  test('matches its journal', () => expect(itemFaults(ofPending, pending)).toEqual([]))
  test.each<[string, Partial<ItemFacts>, string]>([
    ['expiry', { expiresAt: at('15:00') }, has('expiresAt', time('15:00'), time('14:00'))],
    ['unattended approval', { unattendedAt: at('12:01') }, has('unattendedAt', time('12:01'), time('12:30'))],
    ['start', { startsAt: at('12:00') }, has('startsAt', time('12:00'), time('12:20'))],
    ['justification', { justification: 'INC-9' }, has('justification', 'INC-9', 'INC-1')],
    ['later justification', { moreJustifications: ['INC-9'] }, has('moreJustifications', '["INC-9"]', '["INC-2"]')],
    ['number of justifications', { moreJustifications: ['INC-2', 'INC-2'] }, has('moreJustifications', '["INC-2","INC-2"]', '["INC-2"]')],
    ['count of justifications', { moreJustifications: undefined as never }, has('moreJustifications', '[]', '["INC-2"]')],
    ['wish', { limits: { duration: 3600, uses: 2 } }, has('limits', '{"duration":3600,"uses":2}', '{"duration":1800,"uses":2}')],
    ['wish, none,', { limits: undefined as never }, has('limits', '{}', '{"duration":1800,"uses":2}')],
    [
      'approval',
      { approvals: [{ by: 'people#alex', rules: [0], limits: {} }] },
      has('approvals', '[{"by":"people#alex","limits":{},"rules":[0]}]', '[]'),
    ],
    ['start of the window', { windowStartsAt: at('12:00') }, has('windowStartsAt', time('12:00'), 'none')],
    ['end of the window', { windowExpiresAt: at('12:00') }, has('windowExpiresAt', time('12:00'), 'none')],
    ['number of uses', { usesLeft: 1 }, has('usesLeft', '1', 'none')],
    ['trigger', { triggeredBy: 'Kim' }, 'the table has triggeredBy Kim, but its terms have Dana'],
    ['kind', { breakGlass: false }, 'the table has breakGlass false, but its terms have true'],
  ])('with another %s differs', (_name, change, fault) => expect(itemFaults({ ...ofPending, ...change }, pending)).toEqual([fault]))

  test('extends the request that its journal names', () => {
    const [one, other] = ['1', '2'].map((digit) => `req_${digit.repeat(26)}`) as [string, string]
    const journal = [asked, { ...received, extends: one } as unknown as ReadEvent, justified]
    expect(itemFaults({ ...ofPending, extends: one }, journal)).toEqual([])
    expect(itemFaults({ ...ofPending, extends: other }, journal)).toEqual([has('extends', other, one)])
    expect(itemFaults(ofPending, journal)).toEqual([has('extends', 'none', one)])
    expect(itemFaults({ ...ofPending, extends: one }, pending)).toEqual([has('extends', one, 'none')])
  })
  test('has no unattended approval, start, limits or later justification unless its events say so', () => {
    const plain = [{ ...asked, unattendedAt: undefined } as unknown as ReadEvent, event('request.received', '12:00')]
    const item = { ...ofPending, unattendedAt: undefined, startsAt: undefined, limits: undefined, moreJustifications: undefined }
    expect(itemFaults(item as unknown as ItemFacts, plain)).toEqual([])
  })
  test('of version 1 states no expiry and no start', () => {
    const old = [
      { ...asked, v: 1, uses: undefined, window: undefined, expiresAt: undefined } as unknown as ReadEvent,
      { ...received, v: 1, startsAt: undefined } as unknown as ReadEvent,
    ]
    expect(itemFaults({ ...ofPending, moreJustifications: [] }, old)).toEqual([])
  })
  test.each<[string, object, string]>([
    ['uses', { uses: 3 }, 'its journal has uses 2, but its terms have 3'],
    ['window', { window: 3600 }, 'its journal has window 7200, but its terms have 3600'],
    ['approvers', { approval: { rules: [{ count: 1 }], breakGlass: true } }, 'its journal has needs [2,1], but its terms have [1]'],
    ['no rule', { approval: undefined }, 'its journal has needs [2,1], but its terms have none'],
  ])('whose terms have other %s differs', (_name, change, fault) => {
    const whole = { uses: 2, window: 7200, approval: { ...approval, breakGlass: true }, triggeredBy: 'Dana', ...change }
    const terms = textOfTerms(JSON.parse(JSON.stringify(whole)))
    const item = { ...ofPending, ...ofTerms(terms), breakGlass: whole.approval !== undefined }
    expect(itemFaults(item, [{ ...asked, terms: sha256Hex(terms) } as ReadEvent, received, justified])).toEqual([fault])
  })
})

describe('a long justification', () => {
  const long = 'the queue is stuck '.repeat(100)
  const hashed = [{ ...asked, justification: undefined, justificationHash: sha256Hex(long) } as unknown as ReadEvent, received]
  const item = { ...ofPending, moreJustifications: [] }
  test('has the hash in its event', () => expect(itemFaults({ ...item, justification: long }, hashed)).toEqual([]))
  test.each([`${long}.`, undefined])('with another hash differs: %s', (justification) =>
    expect(itemFaults({ ...item, justification } as ItemFacts, hashed)).toEqual([
      has('justification', justification ?? 'none', sha256Hex(long)),
    ]),
  )
  test('of a later event is compared by its hash', () => {
    const later = event('request.justified', '12:01', { by: dana, justificationHash: sha256Hex(long) })
    expect(itemFaults({ ...item, moreJustifications: [long] }, [asked, received, later])).toEqual([])
    expect(itemFaults({ ...item, moreJustifications: ['x'] }, [asked, received, later])).toEqual([
      has('moreJustifications', '["x"]', `["${sha256Hex(long)}"]`),
    ])
  })
  test.each<[string, ReadEvent['v'], string, string, boolean]>([
    ['an older event has its beginning', 3, 'the queue…', long, true],
    ['another text than the beginning', 3, 'the topic…', long, false],
    ['a beginning that is not marked', 3, 'the queue', long, false],
    ['a beginning in a newer event', 4, 'the queue…', long, false],
  ])('%s', (_name, v, justification, text, matches) => {
    const faults = itemFaults({ ...item, justification: text }, [{ ...asked, v, justification } as ReadEvent, { ...received, v }])
    expect(faults).toEqual(matches ? [] : [has('justification', text, justification)])
  })
  test('and a short one can follow each other', () => {
    const later = [
      event('request.justified', '12:01', { by: dana, justification: 'INC-2' }),
      event('request.justified', '12:02', { by: dana, justificationHash: sha256Hex(long) }),
    ]
    expect(itemFaults({ ...item, moreJustifications: ['INC-2', long] }, [asked, received, ...later])).toEqual([])
    expect(itemFaults({ ...item, moreJustifications: ['INC-2', 'x'] }, [asked, received, ...later])).toEqual([
      has('moreJustifications', '["INC-2","x"]', `["INC-2","${sha256Hex(long)}"]`),
    ])
  })
  test('an older event without a text matches none', () => {
    const old = [{ ...asked, v: 3, justification: undefined } as unknown as ReadEvent, received]
    expect(itemFaults({ ...item, justification: undefined } as unknown as ItemFacts, old)).toEqual([])
    expect(itemFaults({ ...item, justification: 'x' }, old)).toEqual([has('justification', 'x', 'none')])
    expect(
      itemFaults({ ...item, justification: undefined } as unknown as ItemFacts, [{ ...asked, v: 3, justification: 'x…' } as ReadEvent]),
    ).toEqual([has('justification', 'none', 'x…'), has('limits', '{"duration":1800,"uses":2}', '{}')])
  })
})

describe('a request that was approved', () => {
  test('matches its journal', () => expect(itemFaults(ofAgreed, agreed)).toEqual([]))
  test.each<[string, Partial<ItemFacts>, string]>([
    ['approver', { approvals: [] }, has('approvals', '[]', canonicalJson(ofAgreed.approvals as unknown as Json))],
    ['start of the window', { windowStartsAt: at('12:10') }, has('windowStartsAt', time('12:10'), time('12:20'))],
    ['end of the window', { windowExpiresAt: at('14:20') }, has('windowExpiresAt', time('14:20'), time('13:20'))],
    ['number of uses', { usesLeft: 3 }, has('usesLeft', '3', '2')],
    ['longer duration', { limits: { duration: 601, uses: 2, window: 3600 } }, has('limits.duration', '601', '600')],
    ['wider window', { limits: { duration: 600, uses: 2, window: 3601 } }, has('limits.window', '3601', '3600')],
    ['limit of uses', { limits: { duration: 600, uses: 3, window: 3600 } }, has('limits.uses', '3', '2')],
    ['missing limit', { limits: { duration: 600, window: 3600 } }, has('limits.uses', 'none', '2')],
  ])('with another %s differs', (_name, change, fault) => expect(itemFaults({ ...ofAgreed, ...change }, agreed)).toEqual([fault]))
  test('with narrower limits matches, because the terms can be narrower', () =>
    expect(itemFaults({ ...ofAgreed, limits: { duration: 60, uses: 1, window: 60 } }, agreed)).toEqual([]))
  test('without a chosen start begins with its approval', () => {
    const now = [asked, event('request.received', '12:00', { limits: { uses: 2 } }), justified, ...approvals, approved]
    const item = { ...ofAgreed, startsAt: undefined, windowStartsAt: at('12:10') } as unknown as ItemFacts
    expect(itemFaults(item, now)).toEqual([])
  })
  test('a session ends with the approver’s limit', () => {
    const events = [...agreed, intent('aaaaaaaa', '12:30'), issued('aaaaaaaa', '12:30', '12:40')]
    const issuedSession = { accessKeyId: 'ASIA1', assumedRoleArn: 'arn:1', expiration: at('12:40') }
    const item = (clock: string, duration = 600): ItemFacts => ({
      ...{ ...ofAgreed, usesLeft: 1, attempts: 1, limits: { ...ofAgreed.limits, duration } },
      sessions: { aaaaaaaa: session('issued', 'aaaaaaaa', '12:30', { ...issuedSession, expiresAt: at(clock) }) },
    })
    expect(itemFaults(item('12:40'), events)).toEqual([])
    expect(itemFaults(item('12:31', 60), events)).toEqual([])
    expect(itemFaults(item('12:45'), events)).toEqual([ofSession('aaaaaaaa', 'expiresAt', time('12:45'), time('12:40'))])
    // A limit that is missing or too long in the item does not make the session longer.
    expect(itemFaults(item('12:40', 700), events)).toEqual([has('limits.duration', '700', '600')])
    expect(itemFaults({ ...item('12:40'), limits: { uses: 2, window: 3600 } }, events)).toEqual([has('limits.duration', 'none', '600')])
    // Before it was issued, the item has the end that was reserved.
    const open = { ...item('12:45'), sessions: { aaaaaaaa: session('reserved', 'aaaaaaaa', '12:30') } }
    expect(itemFaults(open, events.slice(0, -1))).toEqual([])
  })
})

describe('the window of a request that was approved', () => {
  // It ends at 13:20, and the session was reserved until 13:25.
  test.each<[string, number | undefined, 'issued' | 'reserved', string, string]>([
    ['ends a session that can be renewed', 300, 'issued', '13:20', '13:25'],
    ['does not end a session that cannot be renewed', undefined, 'issued', '13:25', '13:20'],
    ['does not end a session before it is issued', 300, 'reserved', '13:25', '13:20'],
  ])('%s', (_name, renew, state, right, wrong) => {
    const whole = { uses: 2, window: 7200, approval: { ...approval, breakGlass: true }, triggeredBy: 'Dana', renew }
    const terms = textOfTerms(JSON.parse(JSON.stringify(whole)))
    const events = [
      { ...asked, terms: sha256Hex(terms) } as ReadEvent,
      ...[event('request.received', '12:00', { startsAt: time('12:20') }), justified, given(alex, '12:05'), given(kim, '12:10'), approved],
      ...[intent('aaaaaaaa', '13:10', { renew }), issued('aaaaaaaa', '13:10', '13:15')].slice(0, state === 'issued' ? 2 : 1),
    ]
    const ofIssued = state === 'issued' ? { accessKeyId: 'ASIA1', assumedRoleArn: 'arn:1', expiration: at('13:15') } : {}
    const ofRenew = renew === undefined ? {} : { renew }
    const item = (clock: string): ItemFacts => ({
      ...{ ...ofAgreed, ...ofTerms(terms), usesLeft: 1, attempts: 1, limits: {} },
      approvals: ['alex', 'kim'].map((subject) => ({ by: `people#${subject}`, rules: [0], limits: {} })),
      sessions: { aaaaaaaa: session(state, 'aaaaaaaa', '13:10', { ...ofIssued, ...ofRenew, expiresAt: at(clock) }) },
    })
    expect(itemFaults(item(right), events)).toEqual([])
    expect(itemFaults(item(wrong), events)).toEqual([ofSession('aaaaaaaa', 'expiresAt', time(wrong), time(right))])
  })
})

describe('a subject that is stored as its digest', () => {
  const whole = `spiffe://acme.example/${'x'.repeat(400)}`
  const subject = storedSubject(whole)
  const terms = textOfTerms({ caller: { issuer: 'people', subject } })
  const events = (v: ReadEvent['v']) => [{ ...created, v, caller: { ...dana, subject }, terms: sha256Hex(terms) } as ReadEvent]
  const item = (fullSubject: string | undefined) =>
    ({
      ...{
        ...ofUsed,
        ...ofTerms(terms),
        caller: `people#${subject}`,
        callerKey: `people#${subject}`,
        usesLeft: 3,
        attempts: 0,
        sessions: {},
      },
      ...(fullSubject === undefined ? {} : { fullSubject }),
    }) as ItemFacts
  test('is whole in the item', () => expect(itemFaults(item(whole), events(4))).toEqual([]))
  test.each([undefined, `${whole}x`])('differs if the item has %s', (full) =>
    expect(itemFaults(item(full), events(4))).toEqual([has('fullSubject', full ?? 'none', `one of ${subject}`)]),
  )
  test('before version 4 was itself the subject', () => {
    expect(itemFaults(item(undefined), events(3))).toEqual([])
    expect(itemFaults(item(whole), events(3))).toEqual([has('fullSubject', whole, 'none')])
  })
})

// ── Freezes and links ────────────────────────────────────────────────────────────────────────────────────────────────

describe('a freeze', () => {
  const id = freezeIdOf('all')
  const of = (type: ReadEvent['type'], clock: string, more: object = {}) =>
    event(type, clock, { request: id, scope: 'all', by: dana, ...more })
  const set = of('freeze.set', '12:00', { expiresAt: time('14:00') })
  const releaseAsked = of('freeze.release-asked', '12:10', { by: alex })
  const released = of('freeze.released', '12:20', { by: kim })
  const deployed = of('freeze.deploy-released', '12:20')
  const item = (freeze?: ItemFacts['freeze']): ItemFacts => ({ reviewed: false, sessions: {}, ...(freeze ? { freeze } : {}) })
  const active = { active: true, scope: 'all', expiresAt: at('14:00') }
  test.each<[string, readonly ReadEvent[], ItemFacts['freeze'], readonly string[]]>([
    ['is active', [set], active, []],
    ['is missing', [set], undefined, [has('active', 'false', 'true')]],
    ['was switched off', [set], { ...active, active: false }, [has('active', 'false', 'true')]],
    ['has another scope', [set], { ...active, scope: 'profile#x' }, [has('scope', 'profile#x', 'all')]],
    ['ends earlier', [set], { ...active, expiresAt: at('13:00') }, [has('expiresAt', time('13:00'), time('14:00'))]],
    ['was set for longer', [set, of('freeze.set', '12:01', { expiresAt: time('15:00') })], { ...active, expiresAt: at('15:00') }, []],
    ['was set for less', [set, of('freeze.set', '12:01', { expiresAt: time('13:00') })], active, []],
    ['was set without an end', [set, of('freeze.set', '12:01')], { active: true, scope: 'all' }, []],
    ['was asked to be released', [set, releaseAsked], { ...active, releaseAskedBy: 'people#alex' }, []],
    ['lost who asked, in a restore', [set, releaseAsked], active, []],
    [
      'was asked by another',
      [set, releaseAsked],
      { ...active, releaseAskedBy: 'people#kim' },
      [has('releaseAskedBy', 'people#kim', 'people#alex')],
    ],
    [
      'was set again, so nobody has asked',
      [set, releaseAsked, set],
      { ...active, releaseAskedBy: 'people#alex' },
      [has('releaseAskedBy', 'people#alex', 'none')],
    ],
    ['was released', [set, releaseAsked, released], { active: false, generation: 1 }, []],
    ['was released by a deployment', [set, deployed], { active: false, generation: 1 }, []],
    ['is active after its release', [set, deployed], { ...active, generation: 1 }, [has('active', 'true', 'false')]],
    ['counts no release', [set, deployed], { active: false }, [has('generation', '0', '1')]],
    ['counts two releases', [set, deployed], { active: false, generation: 2 }, [has('generation', '2', '1')]],
    [
      'was set after a release, for less',
      [set, deployed, of('freeze.set', '12:30', { expiresAt: time('13:00') })],
      { ...active, expiresAt: at('13:00'), generation: 1 },
      [],
    ],
    ['was released by older code, which counted', [set, { ...deployed, v: 1 }], { active: false, generation: 1 }, []],
    ['was released by older code, which did not', [set, { ...deployed, v: 1 }], { active: false }, []],
    [
      'was released by both, counted too often',
      [set, { ...deployed, v: 1 }, set, deployed],
      { active: false, generation: 3 },
      [has('generation', '3', '2')],
    ],
    ['was released by both, not counted', [set, { ...deployed, v: 1 }, set, deployed], { active: false }, [has('generation', '0', '2')]],
  ])('that %s', (_name, events, freeze, faults) => expect(itemFaults(item(freeze), events)).toEqual(faults))
})

describe('a link', () => {
  const of = (type: ReadEvent['type'], clock: string, slack: string) =>
    event(type, clock, { request: linkId(dana as never), by: dana, slack, expiresAt: time('15:00') })
  const made = of('link.made', '12:01', 'T1/U1')
  const link = { slack: 'T1/U1', expiresAt: at('15:00') }
  test.each<[string, readonly ReadEvent[], ItemFacts['link'], readonly string[]]>([
    ['was made', [of('link.pending', '12:00', 'T1/U1'), made], link, []],
    ['is missing, which links no one', [made], undefined, []],
    ['is of another Slack user', [made], { ...link, slack: 'T1/U9' }, [has('slack', 'T1/U9', 'T1/U1')]],
    ['ends later', [made], { ...link, expiresAt: at('16:00') }, [has('expiresAt', time('16:00'), time('15:00'))]],
    ['was only begun', [of('link.pending', '12:00', 'T1/U1')], link, [has('slack', 'T1/U1', 'none')]],
    ['has ended', [made, of('link.ended', '12:02', 'T1/U1')], link, [has('slack', 'T1/U1', 'none')]],
    ['was made again', [made, of('link.ended', '12:02', 'T1/U1'), made], link, []],
    ['is begun anew', [made, of('link.pending', '12:02', 'T1/U2')], link, []],
  ])('that %s', (_name, events, held, faults) =>
    expect(itemFaults({ reviewed: false, sessions: {}, ...(held ? { link: held } : {}) }, events)).toEqual(faults),
  )
})

test('a fact of the whole system has no item to compare', () =>
  expect(itemFaults(ofUsed, [event('config.seen', '12:00', { request: 'sys_0' })])).toEqual([]))
