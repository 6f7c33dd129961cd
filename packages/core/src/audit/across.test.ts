/** The rules across journals, at their bounds. More of them is in `test/faults/stories.ts`. */
import { describe, expect, test } from 'vitest'
import { freezeIdOf } from '../access/freeze.ts'
import { sha256Hex } from '../digest.ts'
import { linkId } from '../identity/link.ts'
import { Across } from './across.ts'
import { NO_CONFIG } from './event.ts'
import { type Journal, newJournal, step } from './journal.ts'
import type { EventType, ReadEvent } from './schema.ts'

const noon = Date.parse('2026-11-24T12:00:00Z')
/** Seconds after noon. */
const after = (seconds: number) => new Date(noon + seconds * 1000).toISOString()
const HOUR = 3600
const DAY = 24 * HOUR
const person = (subject: string, issuer = 'people', kind = 'human') => ({ issuer, subject, kind, name: subject })
const [dana, alex, kim] = [person('dana'), person('alex'), person('kim')]
const terms = 'a'.repeat(64)
const event = (type: EventType, request: string, at: number, more: object = {}): ReadEvent =>
  ({ v: 4, type, request, at: after(at), config: 'c', ...more }) as ReadEvent
const created = (n: number, at = 0, more: object = {}) =>
  event('request.created', `req_${n}`, at, {
    caller: dana,
    profile: 'p',
    target: 't',
    terms,
    uses: 2,
    expiresAt: after(at + HOUR),
    ...more,
  })
const asked = (n: number, at = 0, more: object = {}) =>
  event('request.asked', `req_${n}`, at, {
    ...{ caller: dana, profile: 'p', target: 't', terms, needs: [1], uses: 2, window: HOUR, expiresAt: after(at + HOUR), ...more },
  })
const given = (n: number, at: number, more: object = {}) =>
  event('approval.given', `req_${n}`, at, { by: alex, channel: 'api', source: '203.0.113.7', rules: [0], ...more })
const ROLE = 'arn:aws:iam::111122223333:role/stint/Reader'
const reserved = (n: number, at = 0, more: object = {}) =>
  event('session.reserved', `req_${n}`, at, {
    session: `req_${n}.a`,
    caller: dana,
    sessionName: 'x',
    role: ROLE,
    sourceIdentity: 'acme.dana',
    duration: 900,
    ...more,
  })
const issued = (n: number, at = 0, accessKeyId = `ASIA${n}`) =>
  event('session.issued', `req_${n}`, at, { session: `req_${n}.a`, accessKeyId })
const renewable = (n: number, at = 0) => reserved(n, at, { renew: 1800, expiresAt: after(at + HOUR) })
const renewal = (n: number, at: number, set = 'x') =>
  event('session.renewal-reserved', `req_${n}`, at, { session: `req_${n}.a`, set, caller: dana, terms, expiresAt: after(at + 1800) })
const renewed = (n: number, at: number, accessKeyId: string, set = 'x') =>
  event('session.renewed', `req_${n}`, at, { session: `req_${n}.a`, set, accessKeyId })
const ofFreeze = (type: EventType, scope: string, at: number, more: object = {}) =>
  event(type, freezeIdOf(scope), at, { scope, by: kim, ...more })
const set = (scope: string, at: number, until?: number) =>
  ofFreeze('freeze.set', scope, at, until === undefined ? {} : { expiresAt: after(until) })
const deployed = (scope: string, at: number) => ofFreeze('freeze.deploy-released', scope, at, { by: undefined })
const ofLink = (type: EventType, at: number, more: object = {}) =>
  event(type, linkId(alex), at, { by: alex, slack: 'T1/U1', expiresAt: after(at + DAY), ...more })
const inSlack = (n: number, at: number, more: object = {}) => given(n, at, { channel: 'slack', source: 'slack:T1/U1', ...more })

/** What the rules across journals say, by journal, and at the end of the log. */
function faultsOf(events: readonly ReadEvent[]): readonly string[] {
  const across = new Across()
  const journals = new Map<string, Journal>()
  const faults = events.flatMap((one) => {
    const journal = journals.get(one.request) ?? newJournal()
    journals.set(one.request, journal)
    const found = across.take(journal, one, one.request).map((what) => `${one.request}: ${what}`)
    step(journal, one.type, one)
    return found
  })
  return [...faults, ...across.end().map(({ place, what }) => `${place}: ${what}`)]
}

describe('equal terms', () => {
  const otherGrant = 'req_2: on terms of another profile, target or number of uses'
  test.each<[string, readonly ReadEvent[], readonly string[]]>([
    ['with the same grant', [created(1), created(2)], []],
    ['with another profile', [created(1), created(2, 0, { profile: 'q' })], [otherGrant]],
    ['with another target', [created(1), created(2, 0, { target: 'u' })], [otherGrant]],
    ['with other uses', [created(1), created(2, 0, { uses: 3 })], [otherGrant]],
    ['with another window', [asked(1), asked(2, 0, { window: 1 })], [otherGrant]],
    ['with other approvers', [asked(1), asked(2, 0, { needs: [2] })], [otherGrant]],
    [
      'with a profile and a target that only read alike',
      [created(1, 0, { profile: 'ab', target: 'c' }), created(2, 0, { profile: 'a', target: 'bc' })],
      [otherGrant],
    ],
    ['with grants whose digests begin alike', [created(1, 0, { profile: 'p2438' }), created(2, 0, { profile: 'p16681' })], [otherGrant]],
    ['with grants whose digests go on alike', [created(1, 0, { profile: 'p92' }), created(2, 0, { profile: 'p18438' })], [otherGrant]],
    ['with other terms', [created(1), created(2, 0, { profile: 'q', terms: 'b'.repeat(64) })], []],
    ['of version 1, which states no uses', [asked(1, 0, { v: 1 }), asked(2, 0, { v: 1, uses: undefined, needs: [2] })], []],
    ['of version 1, with another profile', [asked(1, 0, { v: 1 }), asked(2, 0, { v: 1, profile: 'q' })], [otherGrant]],
    ['of version 1 and of a newer one', [asked(1, 0, { v: 1 }), asked(2)], []],
  ])('%s', (_name, events, faults) => expect(faultsOf(events)).toEqual(faults))

  const identities = 'req_2: reserved with a source identity that differs from other sessions on its terms'
  const likeTerms = `${'a'.repeat(12)}${'b'.repeat(52)}`
  test.each<[string, readonly ReadEvent[], readonly string[]]>([
    ['with one source identity', [created(1), reserved(1), created(2), reserved(2)], []],
    ['with another source identity', [created(1), reserved(1), created(2), reserved(2, 0, { sourceIdentity: 'acme.alex' })], [identities]],
    ['that only begin alike', [created(1), reserved(1), created(2, 0, { terms: likeTerms }), reserved(2, 0, { sourceIdentity: 'x' })], []],
  ])('give sessions %s', (_name, events, faults) => expect(faultsOf(events)).toEqual(faults))
})

describe('the role of a target', () => {
  const other = { role: ROLE.replace('Reader', 'Admin') }
  test.each<[string, ReadEvent, ReadEvent, readonly string[]]>([
    ['is the same in one config', created(2), reserved(2, 0, other), ['req_2: reserved for a role that its target does not have']],
    ['can be another in another config', created(2), reserved(2, 0, { ...other, config: 'd' }), []],
    ['is not that of another target', created(2, 0, { target: 'u', terms: 'b'.repeat(64) }), reserved(2, 0, other), []],
  ])('%s', (_name, grant, intent, faults) => expect(faultsOf([created(1), reserved(1), grant, intent])).toEqual(faults))
  test('is not known if the request was erased', () => {
    const across = new Across()
    const blind = { ...newJournal(), stage: 'approved', blind: true } as Journal
    expect(across.take(blind, reserved(1), 'x')).toEqual([])
    expect(across.take({ ...newJournal(), stage: 'approved' }, reserved(1), 'x')).toEqual([])
    const erased = newJournal()
    step(erased, 'request.created', created(1))
    step(erased, 'request.reminded', undefined)
    expect([erased.blind, erased.facts === undefined]).toEqual([true, false])
    for (const role of [ROLE, other.role]) expect(across.take(erased, reserved(1, 0, { role }), 'x')).toEqual([])
  })
})

describe('the callers of an issuer', () => {
  const twoKinds = (n: number) => `req_${n}: the issuer people has callers of two kinds in one config`
  const asWorkload = { caller: person('dana', 'people', 'workload') }
  test.each<[string, readonly ReadEvent[], readonly string[]]>([
    ['are of one kind, the first', [created(1), created(2, 0, asWorkload), created(3)], [twoKinds(2)]],
    ['can be of another kind in another config', [created(1), created(2, 0, { ...asWorkload, config: 'd' })], []],
    ['are not those of another issuer', [created(1), created(2, 0, { caller: person('dana', 'ci', 'workload') })], []],
    [
      'are not known by what an operator wrote by hand',
      [
        { ...set('profile#p', 0), config: NO_CONFIG },
        { ...set('all', 0), ...{ by: asWorkload.caller, config: NO_CONFIG } },
      ],
      [],
    ],
  ])('%s', (_name, events, faults) => expect(faultsOf(events)).toEqual(faults))
})

describe('access keys', () => {
  // Their digests have the same first 32 bits.
  const alike = ['ASIA0000000000027492', 'ASIA0000000000055743'] as const
  // Their digests have the same second 32 bits, and begin with the same slot.
  const likeSlots = ['ASIA0000000000173765', 'ASIA0000000002287725'] as const
  const numbers = Array.from({ length: 3000 }, (_, n) => n)
  test('are of one session each, however many there are', () => {
    const across = new Across()
    const journal = newJournal()
    const take = (n: number) => across.take(journal, issued(n), '').length
    expect(numbers.reduce((sum, n) => sum + take(n), 0)).toBe(0)
    expect(numbers.reduce((sum, n) => sum + take(n), 0)).toBe(numbers.length)
  })
  test('differ even if their digests begin alike', () => {
    expect(faultsOf([issued(1, 0, alike[0]), issued(2, 0, alike[1])])).toEqual([])
    expect(faultsOf([issued(1, 0, alike[0]), issued(2, 0, alike[1]), issued(3, 0, alike[1])])).toEqual([
      'req_3: issued with the access key of other credentials',
    ])
  })
  test('differ even if their digests go on alike', () =>
    expect(faultsOf([issued(1, 0, likeSlots[0]), issued(2, 0, likeSlots[1])])).toEqual([]))
  const taken = (n: number) => `req_${n}: issued with the access key of other credentials`
  const begun = [created(1), renewable(1), issued(1, 0, 'ASIA1')]
  test.each<[string, readonly ReadEvent[], readonly string[]]>([
    ['of a renewal are its own', [...begun, renewal(1, 60), renewed(1, 60, 'ASIA2')], []],
    ['of a renewal are not those of its session', [...begun, renewal(1, 60), renewed(1, 60, 'ASIA1')], [taken(1)]],
    [
      'of two renewals differ',
      [...begun, renewal(1, 60), renewed(1, 60, 'ASIA2'), renewal(1, 90, 'y'), renewed(1, 90, 'ASIA2', 'y')],
      [taken(1)],
    ],
    [
      'of another session are not those of a renewal',
      [...begun, renewal(1, 60), renewed(1, 60, 'ASIA2'), issued(2, 90, 'ASIA2')],
      [taken(2)],
    ],
    ['are judged without a renewal that was reserved', [...begun, renewed(1, 60, 'ASIA1')], [taken(1)]],
    [
      'are judged without a session that was issued',
      [created(1), renewable(1), renewed(1, 60, 'ASIA1'), issued(2, 90, 'ASIA1')],
      [taken(2)],
    ],
    ['are judged without a session', [renewed(1, 60, 'ASIA1'), issued(2, 90, 'ASIA1')], [taken(2)]],
    ['are judged again if they are recorded twice', [...begun, issued(1, 0, 'ASIA1')], [taken(1)]],
  ])('%s', (_name, events, faults) => expect(faultsOf(events)).toEqual(faults))
  test('terms are remembered with their source identity, each with its own', () => {
    const across = new Across()
    const some = numbers.slice(0, 400)
    const take = (n: number, more: object = {}) => {
      const journal = newJournal()
      step(journal, 'request.created', created(n, 0, { terms: sha256Hex(String(n)) }))
      return across.take(journal, reserved(n, 0, { sourceIdentity: `acme.${n}`, ...more }), '').length
    }
    expect(some.reduce((sum, n) => sum + take(n), 0)).toBe(0)
    expect(some.reduce((sum, n) => sum + take(n), 0)).toBe(0)
    expect(some.reduce((sum, n) => sum + take(n, { sourceIdentity: 'other' }), 0)).toBe(some.length)
  })
  test('terms are remembered with their grant, however many there are', () => {
    const across = new Across()
    const journal = newJournal()
    const take = (n: number, more: object = {}) =>
      across.take(journal, created(n, 0, { terms: n.toString(16).padStart(64, '0'), profile: `p${n}`, ...more }), '').length
    expect(numbers.reduce((sum, n) => sum + take(n), 0)).toBe(0)
    expect(numbers.reduce((sum, n) => sum + take(n), 0)).toBe(0)
    expect(numbers.reduce((sum, n) => sum + take(n, { profile: 'other' }), 0)).toBe(numbers.length)
  })
})

describe('a freeze', () => {
  const sessionAt = (at: number, n = 1) => [created(n, at), reserved(n, at), issued(n, at + 1)]
  const whole = sessionAt(1000)
  const during = ['req_1: issued while all access was frozen']
  test.each<[string, readonly ReadEvent[], readonly string[]]>([
    ['that begins a minute before', [set('all', 940), ...whole], []],
    ['that begins more than a minute before', [set('all', 939), ...whole], during],
    ['that ends a minute after', [set('all', 0, 1060), ...whole], []],
    ['that ends more than a minute after', [set('all', 0, 1061), ...whole], during],
    ['that ended before', [set('all', 0, 900), ...whole], []],
    ['that a deployment released a minute after', [set('all', 0), deployed('all', 1060), ...whole], []],
    ['that a deployment released later', [set('all', 0), deployed('all', 1061), ...whole], during],
    ['that ended before its release', [set('all', 0, 900), deployed('all', 2000), ...whole], []],
    ['that was extended', [set('all', 0, 900), set('all', 800, 2000), ...whole], during],
    ['that was extended as it ended', [set('all', 0, 900), set('all', 900, 2000), ...whole], during],
    [
      'that was extended, where both meet',
      [set('all', 0, 900), set('all', 800, 2000), ...sessionAt(850)],
      ['req_1: issued while all access was frozen'],
    ],
    ['that was extended as it ended, where both meet', [set('all', 0, 900), set('all', 900, 2000), ...sessionAt(900)], during],
    ['that was extended by an event that follows', [set('all', 0, 1030), ...whole, set('all', 1020, 2000)], during],
    [
      'that was extended by an event that follows two sessions',
      [set('all', 0, 1030), ...whole, ...sessionAt(1002, 2), set('all', 1020, 2000)],
      [...during, 'req_2: issued while all access was frozen'],
    ],
    ['that was extended and then released', [set('all', 0, 2000), set('all', 800, 900), deployed('all', 850), ...whole], []],
    ['that was set again for less', [set('all', 0, 2000), set('all', 800, 900), ...whole], during],
    ['that was set again after it had ended', [set('all', 0, 500), set('all', 960, 2000), ...whole], []],
    ['that was set again after its release, in time', [set('all', 0, 2000), deployed('all', 500), set('all', 960, 3000), ...whole], []],
    ['that was set again after its release, before', [set('all', 0, 2000), deployed('all', 500), set('all', 600, 3000), ...whole], during],
    ['the first of two', [set('all', 0, 2000), deployed('all', 1500), set('all', 3000), ...whole], during],
    ['that was released twice, the second time by mistake', [set('all', 0), deployed('all', 2000), deployed('all', 500), ...whole], during],
    ['that follows', [...whole, set('all', 0)], []],
    ['that follows, while something else is frozen', [set('profile#q', 0), ...whole, set('all', 0)], []],
    [
      'during which a session is renewed',
      [created(1), renewable(1), issued(1), set('all', 100), renewal(1, 1000), renewed(1, 1001, 'ASIA2')],
      during,
    ],
    [
      'that begins while a session is being renewed',
      [created(1), renewable(1), issued(1), renewal(1, 100), set('all', 101), renewed(1, 170, 'ASIA2')],
      [],
    ],
    ['during which a renewal is recorded that nothing reserved', [set('all', 0), created(1), renewable(1), renewed(1, 1001, 'ASIA2')], []],
    ['that is released in the log after the session', [set('all', 0), ...whole, deployed('all', 500)], []],
    ['of another profile', [set('profile#q', 0), ...whole], []],
    ['of the caller, who is granted by rule', [set('subject#people#dana', 0), created(1, 1000)], []],
    ['of the caller, who asks', [set('subject#people#dana', 0), asked(1, 1000)], ['req_1: asked while subject#people#dana was frozen']],
    [
      'of the caller, who justifies',
      [set('subject#people#dana', 0), event('request.justified', 'req_1', 1000, { by: dana })],
      ['req_1: justified while subject#people#dana was frozen'],
    ],
    ['of the caller, in an event of version 1', [set('subject#people#dana', 0), asked(1, 1000, { v: 1 })], []],
    [
      'of the caller, in a release of another',
      [set('subject#people#kim', 0), ofFreeze('freeze.release-asked', 'all', 1000)],
      [`${freezeIdOf('all')}: release asked for while subject#people#kim was frozen`],
    ],
    [
      'of those who ask for its own release',
      [set('subject#people#kim', 0), ofFreeze('freeze.release-asked', 'subject#people#kim', 1000)],
      [`${freezeIdOf('subject#people#kim')}: release asked for while subject#people#kim was frozen`],
    ],
    [
      'of those who ask for its own release, in an event of version 1',
      [set('subject#people#kim', 0), ofFreeze('freeze.release-asked', 'subject#people#kim', 1000, { v: 1 })],
      [],
    ],
    [
      'of those who ask for its release after it ended',
      [set('subject#people#kim', 0, 900), ofFreeze('freeze.release-asked', 'subject#people#kim', 1000)],
      [],
    ],
    [
      'of those who ask for its release, the second of two',
      [set('subject#people#kim', 0, 100), set('subject#people#kim', 500), ofFreeze('freeze.release-asked', 'subject#people#kim', 1000)],
      [`${freezeIdOf('subject#people#kim')}: release asked for while subject#people#kim was frozen`],
    ],
    ['that was never set, of those who ask for its release', [ofFreeze('freeze.release-asked', 'subject#people#kim', 1000)], []],
  ])('%s', (_name, events, faults) => expect(faultsOf(events)).toEqual(faults))

  test('is not compared with a session whose request was erased', () => {
    const across = new Across()
    across.take(newJournal(), set('all', 0), 'freeze')
    const erased = newJournal()
    step(erased, 'request.created', undefined)
    step(erased, 'session.reserved', reserved(1, 1000))
    expect([erased.facts, erased.sessions?.open.size]).toEqual([undefined, 1])
    expect([across.take(erased, issued(1, 1001), 'session'), across.end()]).toEqual([[], []])
  })

  const manyAsked = (count: number, at = 1000) => Array.from({ length: count }, (_, n) => asked(n, at))
  const frozen = set('subject#people#dana', 0)
  const forgot = 'freezes: more than 1000 acts while access was frozen'
  test('of which 1,000 acts are remembered', () => {
    expect(faultsOf([frozen, ...manyAsked(1000)])).toHaveLength(1000)
    expect(faultsOf([frozen, ...manyAsked(1000)])).not.toContain(forgot)
    expect(faultsOf([frozen, ...manyAsked(1001)])).toHaveLength(1001)
    expect(faultsOf([frozen, ...manyAsked(1001)])).toContain(forgot)
  })
  test('whose acts near its end are remembered, because it can be extended', () => {
    const extended = [set('subject#people#dana', 0, 1030), ...manyAsked(1001), set('subject#people#dana', 1020, 2000)]
    expect(faultsOf(extended)).toHaveLength(1001)
    expect(faultsOf(extended)).toContain(forgot)
  })
  test('whose acts are forgotten if its release makes them good', () => {
    const released = deployed('subject#people#dana', 500)
    const again = set('subject#people#dana', 2000)
    expect(faultsOf([frozen, ...manyAsked(1000), released, again, asked(2000, 3000)])).toEqual([
      'req_2000: asked while subject#people#dana was frozen',
    ])
  })
})

describe('an approval in Slack', () => {
  const unlinked = ['req_1: by a Slack user who was not linked to this person']
  const made = (at: number, more: object = {}) => ofLink('link.made', at, more)
  test.each<[string, readonly ReadEvent[], readonly string[]]>([
    ['ten minutes after the link, by clocks that differ', [made(60), inSlack(1, 600)], []],
    ['less than that', [made(61), inSlack(1, 600)], unlinked],
    ['just before the link expires, by clocks that differ', [made(0), inSlack(1, DAY + 59)], []],
    ['as the link expires, by clocks that differ', [made(0), inSlack(1, DAY + 60)], unlinked],
    ['after the first of two links ended', [made(0), ofLink('link.ended', 700), made(800), inSlack(1, 2000)], []],
    ['between two links', [made(0), ofLink('link.ended', 700), made(2000), inSlack(1, 1500)], unlinked],
    ['after a link ended twice', [made(0), ofLink('link.ended', 700), ofLink('link.ended', 5000), inSlack(1, 1500)], unlinked],
    ['after the end of a link that was never made', [ofLink('link.ended', 0), inSlack(1, 600)], unlinked],
    ['of version 1', [inSlack(1, 600, { v: 1 })], []],
    ['by nobody', [event('request.received', 'req_1', 600, { source: 'slack:T1/U1' })], []],
    ['over the API', [given(1, 600)], []],
  ])('%s', (_name, events, faults) => expect(faultsOf(events)).toEqual(faults))
  test('a link is made by a Slack user who is not linked yet', () =>
    expect(faultsOf([ofLink('link.pending', 0, { source: 'slack:T1/U1' }), made(300, { source: 'slack:T1/U1' })])).toEqual([]))
  test('is not judged if a link was erased', () => {
    const found = (type: EventType) => {
      const across = new Across()
      across.take(newJournal(), inSlack(1, 600), 'here')
      across.takeErased(type)
      return across.end()
    }
    expect(found('link.made')).toEqual([])
    expect(found('link.ended')).toEqual([{ place: 'here', what: 'by a Slack user who was not linked to this person' }])
  })
  test('is remembered 1,000 times', () => {
    const many = Array.from({ length: 1001 }, (_, n) => inSlack(n, 600))
    expect(faultsOf(many)).toHaveLength(1000)
  })
})
