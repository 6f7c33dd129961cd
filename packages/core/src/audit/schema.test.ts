import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { RequestId } from '../ids.ts'
import { canonicalJson, type Json } from '../json.ts'
import { NOW } from '../testing/fixtures.ts'
import { journalEntry } from './event.ts'
import { eventsPage, eventTypes, readEvent } from './schema.ts'

const hash = 'f'.repeat(64)
const { event: text } = journalEntry(
  {
    type: 'request.refusals-capped',
    request: `req_${'0'.repeat(26)}` as RequestId,
    at: NOW,
    caller: { issuer: 'people', subject: 'dana', name: 'Dana', kind: 'human' },
    cap: 20,
  },
  { random: (count) => new Uint8Array(count), configHash: hash },
)

test('what is written can be parsed', () => expect(readEvent(text)).toMatchObject({ type: 'request.refusals-capped', cap: 20 }))

describe('an invalid event says why', () => {
  test.each([
    ['not JSON', 'hello'],
    ['not an object', '[]'],
    ['of an unknown version', text.replace('"v":4', '"v":5')],
    ['of an unknown version', text.replace('"v":4', '"v":0')],
    ['of an unknown version', text.replace('"v":4', '"v":"4"')],
    ['of an unknown type', text.replace('refusals-capped', 'granted')],
    ['of an unknown type', text.replace('request.refusals-capped', 'toString')],
    ['without cap', text.replace('"cap":20,', '')],
    ['with an unexpected property', text.replace('"v":4', '"v":4,"x":1')],
    ['with an invalid cap', text.replace('"cap":20', '"cap":-1')],
    ['with an invalid at', text.replace('.000Z', 'Z')],
    ['with an invalid config', text.replace(hash, 'F'.repeat(64))],
    ['with an invalid caller', text.replace('"kind":"human",', '')],
    ['not in canonical form', text.replace('"cap":20', '"cap":2e1')],
    ['not in canonical form', text.replace('"cap":20', '"cap":20,"cap":20')],
    ['not in canonical form', `${text} `],
  ])('%s', (fault, broken) => expect(readEvent(broken)).toBe(fault))
})

describe('events of older versions', () => {
  const by = { issuer: 'people', kind: 'human', name: 'Dana', subject: 'dana' }
  const common = { at: '2026-11-24T12:00:00.000Z', config: hash, request: 'req_1' }
  const agreed = { ...common, by, face: 'api', from: '203.0.113.7', rules: [0], token: hash, type: 'request.agreed' }
  const read = (event: object) => readEvent(canonicalJson(event as Json))

  test.each([1, 2])('of version %d are read under the names of today', (v) => {
    expect(read({ ...agreed, v })).toEqual({
      ...common,
      by,
      channel: 'api',
      rules: [0],
      source: '203.0.113.7',
      token: hash,
      type: 'approval.given',
      v,
    })
    expect(read({ ...common, by, scope: 'all', type: 'freeze.set', until: common.at, v, why: 'x' })).toMatchObject({
      expiresAt: common.at,
      justification: 'x',
    })
  })
  const current = { ...common, by, channel: 'api', rules: [0], source: '203.0.113.7', token: hash, type: 'approval.given' }
  const created = { ...common, caller: by, expiresAt: common.at, profile: 'p', target: 't', terms: hash, type: 'request.created', uses: 1 }
  test.each<[string, object]>([
    ['channel', { channel: 'telepathy' }],
    ['limits', { limits: { Duration: 60 } }],
    ['limits', { limits: { uses: 1.5 } }],
  ])('a decision with a %s that there is not is refused', (member, more) => {
    expect(read({ ...current, v: 3, ...more })).toBe(`with an invalid ${member}`)
  })
  test('of version 3 are read as they are', () => expect(read({ ...current, v: 3 })).toEqual({ ...current, v: 3 }))
  test.each<[string, object, RegExp]>([
    [
      'a text before version 4',
      { ...common, of: 'subject', part: 1, parts: 1, text: 'x', type: 'request.text', v: 3 },
      /^of an unknown type$/,
    ],
    [
      'a justification that was added, before version 4',
      { ...common, by, justification: 'x', source: 'x', token: hash, type: 'request.justified', v: 3 },
      /^of an unknown type$/,
    ],
    ['a hash of a justification before version 4', { ...created, justificationHash: hash, v: 3 }, /^with an unexpected property$/],
    [
      'a justification and its hash',
      { ...created, justification: 'x', justificationHash: hash, v: 4 },
      /^with both justification and justificationHash$/,
    ],
    ['an old type in a new event', { ...agreed, v: 3 }, /^of an unknown type$/],
    ['an old member in a new event', { ...current, from: '203.0.113.7', v: 3 }, /^with an unexpected property$/],
    ['a new type in an old event', { ...current, v: 2 }, /^with a name that its version does not have$/],
    ['a new property in an old event', { ...agreed, channel: 'api', v: 2 }, /^with a name that its version does not have$/],
    [
      'two old members that are one today',
      { ...common, by, expiresAt: common.at, scope: 'all', type: 'freeze.set', until: common.at, v: 2, why: 'x' },
      /^with a name that its version does not have$/,
    ],
  ])('%s is refused', (_name, event, fault) => expect(read(event)).toMatch(fault))
})

describe('what a version has', () => {
  const person = { issuer: 'people', kind: 'human', name: 'Dana', subject: 'dana' }
  const common = { at: '2026-11-24T12:00:00.000Z', config: hash, request: 'req_1' }
  const read = (event: object) => readEvent(canonicalJson({ ...common, ...event } as Json))
  const asked = { type: 'request.asked', caller: person, profile: 'p', target: 't', terms: hash, needs: [1] }
  const limits = { uses: 1, window: 60, expiresAt: common.at }
  const from = { source: 'x', token: hash, trace: 'x', build: 'x' }
  const reserved = { type: 'session.reserved', session: 's', sessionName: 'n', role: 'r', duration: 60, expiresAt: common.at, ...from }
  const { source: _source, ...older } = { ...reserved, from: 'x' }
  const received = { type: 'request.received', ...from }
  const { source: _source2, ...olderReceived } = { ...received, from: 'x' }
  const ok = expect.any(Object)
  test.each<[string, object, unknown]>([
    ['a request of version 1 has no limits', { v: 1, ...asked }, ok],
    ['a request of version 1 with limits', { v: 1, ...asked, ...limits }, 'with an unexpected property'],
    ['a request of version 2 without limits', { v: 2, ...asked }, 'without uses'],
    ['a request of version 2', { v: 2, ...asked, ...limits }, ok],
    ['a request of version 4', { v: 4, ...asked, ...limits }, ok],
    ['a session of version 1 has no caller and no terms', { v: 1, ...older }, ok],
    ['a session of version 1 with a caller', { v: 1, ...older, caller: person }, 'with an unexpected property'],
    ['a session of version 1 with a chosen duration', { v: 1, ...older, durationAsked: true }, 'with an unexpected property'],
    ['a session of version 2 with a chosen duration', { v: 2, ...older, terms: hash, caller: person, durationAsked: true }, ok],
    ['a session with a caller', { v: 4, ...reserved, terms: hash, caller: person }, ok],
    ['a session with the hash of a caller', { v: 4, ...reserved, terms: hash, callerHash: hash }, ok],
    ['a session with neither', { v: 4, ...reserved, terms: hash }, 'without caller'],
    ['a session with both', { v: 4, ...reserved, terms: hash, caller: person, callerHash: hash }, 'with both caller and callerHash'],
    ['details of version 1 with a start', { v: 1, ...olderReceived, startsAt: common.at }, 'with an unexpected property'],
    ['details of version 2 with a start', { v: 2, ...olderReceived, startsAt: common.at }, ok],
    ['details of version 3 with a ticket', { v: 3, ...received, ticket: 'x' }, 'with an unexpected property'],
    ['details of version 4 with a ticket', { v: 4, ...received, ticket: 'x' }, ok],
    ['a text of version 1', { v: 1, type: 'request.text', of: 'subject', part: 1, parts: 1, text: 'x' }, 'of an unknown type'],
    ['a text of version 2', { v: 2, type: 'request.text', of: 'subject', part: 1, parts: 1, text: 'x' }, 'of an unknown type'],
    ['a text of version 4', { v: 4, type: 'request.text', of: 'subject', part: 1, parts: 1, text: 'x' }, ok],
  ])('%s', (_name, event, result) => expect(read(event)).toEqual(result))
  test('what an event says is refused before how it is written', () =>
    expect(readEvent(JSON.stringify({ v: 4, type: 'x', ...common }))).toBe('of an unknown type'))
})

test('docs/audit-events.md ends with the generated tables', () => {
  const page = readFileSync(new URL('../../../../docs/audit-events.md', import.meta.url), 'utf8')
  expect(page.endsWith(`-->\n\n${eventsPage()}`)).toBe(true)
})

test('every type has a description', () => {
  for (const [type, { says }] of Object.entries(eventTypes)) expect(says, type).toMatch(/\.$/)
})
