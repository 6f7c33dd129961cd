import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { RequestId, SessionId } from '../ids.ts'
import { NOW } from '../testing/fixtures.ts'
import { type AuditEvent, brief, journalEntry, MAX_EVENT_BYTES } from './event.ts'
import { textEvents } from './event-texts.ts'
import { readEvent } from './schema.ts'

const writing = { random: (count: number) => new Uint8Array(count).fill(7), configHash: 'c'.repeat(64) }
const request = `req_${'0'.repeat(26)}` as RequestId
const session = `${request}.abcdefgh` as SessionId
const hash = 'f'.repeat(64)
const longest = { issuer: 'i'.repeat(48), subject: 's'.repeat(256), name: '語'.repeat(128), kind: 'workload' } as const

describe('the largest events there can be stay below the limit', () => {
  test.each<AuditEvent>([
    {
      type: 'request.created',
      request,
      at: NOW,
      caller: longest,
      profile: 'p'.repeat(48),
      target: 't'.repeat(48),
      terms: hash,
      justification: '語'.repeat(85),
      ticket: 't'.repeat(64),
      uses: 100,
      expiresAt: NOW,
    },
    {
      type: 'request.asked',
      request,
      at: NOW,
      caller: longest,
      profile: 'p'.repeat(48),
      target: 't'.repeat(48),
      terms: hash,
      justification: '語'.repeat(85),
      needs: [1, 2, 3, 4, 5, 6],
      unattendedAt: NOW,
      uses: 100,
      window: 604_800,
      expiresAt: NOW,
    },
    { type: 'request.justified', request, at: NOW, by: longest, justification: '語'.repeat(85), source: 's'.repeat(64), token: hash },
    ...textEvents({ type: 'request.justified', request, at: NOW, by: longest, justification: '\u0001'.repeat(2000) }, '𝒳'.repeat(2048)),
    {
      type: 'request.received',
      request,
      at: NOW,
      ticket: 't'.repeat(64),
      build: 'b'.repeat(64),
      source: '2001:0db8:1111:2222:3333:4444:5555:6666',
      token: hash,
      trace: 'f'.repeat(32),
      limits: { duration: 3600, uses: 100, window: 604_800 },
      startsAt: NOW,
    },
    {
      type: 'approval.given',
      request,
      at: NOW,
      by: longest,
      channel: 'slack',
      comment: '語'.repeat(85),
      limits: { duration: 3600, uses: 100, window: 86_400 },
      rules: [0, 1, 2, 3, 4, 5],
      source: '2001:0db8:1111:2222:3333:4444:5555:6666',
      token: hash,
    },
    {
      type: 'freeze.set',
      request: `frz_${'0'.repeat(26)}`,
      at: NOW,
      by: longest,
      scope: `subject#${'i'.repeat(48)}#${'s'.repeat(256)}`,
      justification: '語'.repeat(85),
      expiresAt: NOW,
    },
    {
      type: 'request.refused',
      request,
      at: NOW,
      caller: longest,
      profile: 'p'.repeat(48),
      code: 'packed-policy-too-large',
      reason: 'r'.repeat(120),
      source: '2001:0db8:1111:2222:3333:4444:5555:6666',
      token: hash,
      trace: 'f'.repeat(32),
    },
    {
      type: 'session.reserved',
      request,
      session,
      at: NOW,
      caller: longest,
      terms: hash,
      sessionName: 'n'.repeat(64),
      role: `arn:aws-us-gov:iam::111122223333:role/${'p'.repeat(510)}/${'r'.repeat(64)}`,
      sourceIdentity: 's'.repeat(64),
      duration: 43_200,
      durationAsked: true,
      expiresAt: NOW,
      build: 'b'.repeat(64),
      source: '2001:0db8:1111:2222:3333:4444:5555:6666',
      token: hash,
      trace: 'f'.repeat(32),
    },
    {
      type: 'session.renewal-reserved',
      request,
      session,
      set: 'bbbbbbbb',
      at: NOW,
      caller: longest,
      terms: hash,
      expiresAt: NOW,
      build: 'b'.repeat(64),
      source: '2001:0db8:1111:2222:3333:4444:5555:6666',
      token: hash,
      trace: 'f'.repeat(32),
    },
    {
      type: 'session.issued',
      request,
      session,
      at: NOW,
      accessKeyId: 'A'.repeat(128),
      assumedRoleArn: 'a'.repeat(200),
      assumedRoleId: 'a'.repeat(193),
      expiration: NOW,
      awsRequestId: 'a'.repeat(64),
      packedPolicySize: 100,
      sends: 2,
    },
    {
      type: 'session.failed',
      request,
      session,
      at: NOW,
      code: 'assume-role-invalid',
      reason: brief('語'.repeat(240), 240),
      awsRequestId: 'a'.repeat(64),
      sends: 2,
    },
    {
      type: 'request.created',
      request,
      at: NOW,
      caller: { ...longest, subject: '"'.repeat(127), name: '\u0001'.repeat(99) },
      profile: 'p'.repeat(48),
      target: 't'.repeat(48),
      terms: hash,
      justification: '\u0001'.repeat(42),
      uses: 1,
      expiresAt: NOW,
    },
    {
      type: 'request.refused',
      request,
      at: NOW,
      caller: longest,
      profile: brief('"'.repeat(99), 48),
      code: 'packed-policy-too-large',
      reason: brief('\u0001'.repeat(200), 120),
      source: '2001:0db8:1111:2222:3333:4444:5555:6666',
      token: hash,
      trace: 'f'.repeat(32),
    },
  ])('$type', (event: AuditEvent) => {
    expect(Buffer.byteLength(journalEntry(event, writing).event)).toBeLessThanOrEqual(MAX_EVENT_BYTES)
  })
})

describe('a justification is in its event or follows it, whole', () => {
  const created = (justification: string): AuditEvent => ({
    type: 'request.created',
    request,
    at: NOW,
    caller: longest,
    profile: 'p'.repeat(48),
    target: 't'.repeat(48),
    terms: hash,
    justification,
    ticket: 't'.repeat(64),
    uses: 100,
    expiresAt: NOW,
  })
  const asked = (justification: string): AuditEvent => ({
    type: 'request.asked',
    request,
    at: NOW,
    caller: longest,
    profile: 'p'.repeat(48),
    target: 't'.repeat(48),
    terms: hash,
    justification,
    needs: Array(20).fill(10),
    unattendedAt: NOW,
    uses: 100,
    window: 604_800,
    expiresAt: NOW,
  })
  const justified = (justification: string): AuditEvent => ({
    type: 'request.justified',
    request,
    at: NOW,
    by: longest,
    justification,
    source: 's'.repeat(64),
    token: hash,
  })
  test.each([
    ['request.created', created],
    ['request.asked', asked],
    ['request.justified', justified],
  ])('%s has the hash of one of 257 bytes', (_type, event) => {
    expect(JSON.parse(journalEntry(event('x'.repeat(257)), writing).event)).toMatchObject({
      justificationHash: createHash('sha256').update('x'.repeat(257)).digest('hex'),
    })
  })
  test('a freeze has its justification itself', () => {
    const set = { type: 'freeze.set', request: `frz_${'0'.repeat(26)}`, at: NOW, by: { ...longest, name: 'D' }, scope: 'all' } as const
    expect(inEvent({ ...set, justification: 'x'.repeat(257) })).toBe('x'.repeat(257))
  })
  test('the longest that fits fills the event', () => {
    const sizes = Array.from({ length: 256 }, (_, n) => journalEntry(asked('x'.repeat(n + 1)), writing).event)
      .filter((event) => JSON.parse(event).justification !== undefined)
      .map((event) => Buffer.byteLength(event))
    expect([Math.max(...sizes), sizes.length < 256]).toEqual([MAX_EVENT_BYTES, true])
  })
  test('the longest that fits beside an empty name fills the event', () => {
    const nameless = (text: string): AuditEvent => ({ ...asked(text), caller: { ...longest, name: '' } }) as AuditEvent
    const sizes = Array.from({ length: 256 }, (_, n) => journalEntry(nameless('x'.repeat(n + 1)), writing).event)
      .filter((event) => JSON.parse(event).justification !== undefined)
      .map((event) => Buffer.byteLength(event))
    expect([Math.max(...sizes), sizes.length < 256]).toEqual([MAX_EVENT_BYTES, true])
  })
  const inEvent = (event: AuditEvent) => JSON.parse(journalEntry(event, writing).event).justification
  const after = (event: AuditEvent) =>
    textEvents(event, undefined)
      .map(({ text }) => text)
      .join('')
  test.each([
    ['request.created', created],
    ['request.asked', asked],
    ['request.justified', justified],
  ])('%s, for every length up to 300 bytes', (_type, event) => {
    for (let length = 1; length <= 300; length++) {
      const text = 'x'.repeat(length)
      expect([inEvent(event(text)) ?? '', after(event(text))].sort()).toEqual(['', text])
    }
  })
})

describe('a reservation that is too large for an event uses a shorter form', () => {
  const reserved = {
    type: 'session.reserved',
    request,
    session,
    at: NOW,
    terms: hash,
    sessionName: 'n'.repeat(64),
    sourceIdentity: 's'.repeat(64),
    duration: 900,
    expiresAt: NOW,
    build: 'b'.repeat(40),
    source: '203.0.113.7',
    token: hash,
    trace: 'f'.repeat(32),
  } as const
  const role = (path: string) => `arn:aws:iam::111122223333:role/${path}Reader`
  const subjectHash = createHash('sha256')
    .update(`["iiii","${'s'.repeat(200)}"]`)
    .digest('hex')
  test.each([
    ['all of it', 'sub', role('stint/'), { caller: { issuer: 'iiii', subject: 'sub', name: 'Dana', kind: 'human' }, role: role('stint/') }],
    [
      'less of a name',
      's'.repeat(160),
      role('stint/'),
      {
        caller: { issuer: 'iiii', subject: 's'.repeat(160), name: expect.stringMatching(/^D{1,39}$/), kind: 'human' },
        role: role('stint/'),
      },
    ],
    ['who asked by a hash', 's'.repeat(200), role('stint/'), { callerHash: subjectHash, role: role('stint/') }],
    ['no path of its role', 's'.repeat(200), role(`${'p'.repeat(400)}/`), { callerHash: subjectHash, role: role('…/') }],
  ])('%s', (_what, subject, arn, expected) => {
    const caller = { issuer: 'iiii', subject, name: subject === 'sub' ? 'Dana' : 'D'.repeat(40), kind: 'human' } as const
    const { event } = journalEntry({ ...reserved, caller, role: arn }, writing)
    const { caller: read, callerHash, role: readRole } = JSON.parse(event)
    expect({ ...(read ? { caller: read } : {}), ...(callerHash ? { callerHash } : {}), role: readRole }).toEqual(expected)
    expect(typeof readEvent(event)).toBe('object')
  })
  test.each([
    [1, 'caller', 'callerHash'],
    [256, 'callerHash', 'caller'],
  ])('also for a renewal: with a subject of %d quotation marks it has the %s', (count, has, lacks) => {
    const { sessionName: _name, sourceIdentity: _identity, duration: _duration, ...common } = reserved
    const caller = { issuer: 'i'.repeat(48), subject: '"'.repeat(count), name: 'Dana', kind: 'human' } as const
    const { event } = journalEntry({ ...common, type: 'session.renewal-reserved', set: 'bbbbbbbb', caller }, writing)
    expect(Object.keys(JSON.parse(event))).toContain(has)
    expect(Object.keys(JSON.parse(event))).not.toContain(lacks)
    expect(typeof readEvent(event)).toBe('object')
  })
  test('and keeps the path of its role up to the last byte', () => {
    const caller = { issuer: 'iiii', subject: 's'.repeat(200), name: 'D', kind: 'human' } as const
    const sizes = Array.from({ length: 400 }, (_, n) => journalEntry({ ...reserved, caller, role: role(`${'p'.repeat(n + 1)}/`) }, writing))
      .filter(({ event }) => event.includes('callerHash') && !event.includes('…'))
      .map(({ event }) => Buffer.byteLength(event))
    expect(Math.max(...sizes)).toBe(MAX_EVENT_BYTES)
  })
})

describe('an event that is too large', () => {
  const refused = (reason: string, name = 'Dana Scully'): AuditEvent => ({
    ...{ type: 'request.refused', request, at: NOW, caller: { ...longest, name }, profile: 'p', code: 'not-eligible', reason },
    ...{ source: '203.0.113.7', token: hash, trace: 'f'.repeat(32) },
  })
  const read = (event: AuditEvent) => JSON.parse(journalEntry(event, writing).event)

  test('has a name of 72 bytes at most, however small it is', () => {
    expect(read(refused('x', 'n'.repeat(73))).caller.name).toBe('n'.repeat(72))
  })
  test('loses the end of its name letter by letter, and then the end of its text', () => {
    const events = Array.from({ length: 400 }, (_, n) => read(refused('r'.repeat(n + 1))))
    const whole = events.filter(({ reason }, n) => reason === 'r'.repeat(n + 1))
    expect([...new Set(whole.map(({ caller }) => caller.name))]).toEqual(
      Array.from({ length: 12 }, (_, lost) => 'Dana Scully'.slice(0, 11 - lost)),
    )
    for (const cut of events.slice(whole.length)) {
      expect([cut.caller.name, cut.reason]).toEqual(['', expect.stringMatching(/^r+…$/)])
      expect(Buffer.byteLength(JSON.stringify(cut))).toBe(MAX_EVENT_BYTES)
    }
  })
  test('and has neither name nor text to lose is an error of Stint', () => {
    const issued = { type: 'session.issued', request, session, at: NOW, accessKeyId: 'A', assumedRoleId: 'a', expiration: NOW } as const
    const answer = { assumedRoleArn: 'a'.repeat(1024), awsRequestId: 'a', packedPolicySize: 1, sends: 1 }
    expect(() => journalEntry({ ...issued, ...answer }, writing)).toThrow(`event session.issued is larger than ${MAX_EVENT_BYTES} bytes`)
  })
})

test.each([
  ['short', 9, 'short'],
  ['exactly', 7, 'exactly'],
  ['cut here', 3, 'cut'],
  ['語語', 5, '語'],
  ['a\ud800', 9, 'a\ufffd'],
])('brief(%j, %i)', (text, bytes, expected) => expect(brief(text, bytes)).toBe(expected))

test('an event is canonical JSON with a salt of 32 bytes, and times are strings', () => {
  const { event, salt } = journalEntry(
    { type: 'session.failed', request, session, at: NOW, code: 'sts-throttled', reason: 'x', sends: 2 },
    writing,
  )
  expect(event).toBe(
    `{"at":"2026-11-24T12:00:00.000Z","code":"sts-throttled","config":"${writing.configHash}","reason":"x","request":"${request}","sends":2,"session":"${session}","type":"session.failed","v":4}`,
  )
  expect(salt).toHaveLength(32)
})
