/** Texts for which an event has no room: they follow in order and whole, and a verifier notices every other story. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { RequestId } from '../ids.ts'
import { canonicalJson, type Json } from '../json.ts'
import { NOW } from '../testing/fixtures.ts'
import { type AuditEvent, journalEntry } from './event.ts'
import { textEvents } from './event-texts.ts'
import { newJournal, step } from './journal.ts'
import { type ReadEvent, readEvent } from './schema.ts'

const writing = { random: (count: number) => new Uint8Array(count), configHash: 'c'.repeat(64) }
const request = `req_${'0'.repeat(26)}` as RequestId
const digestOf = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex')
const LONG = 'The queue of orders is stuck. '.repeat(60)
/** As long as twelve parts. */
const LONGEST = `spiffe://acme.example/${'x'.repeat(8192 - 24)}`
const SUBJECT = `spiffe://acme.example/${'ö'.repeat(1000)}`

const caller = (subject = 'dana') => ({ issuer: 'people', subject, name: 'Dana', kind: 'human' as const })
const created = (justification: string | undefined, subject?: string): AuditEvent => ({
  type: 'request.created',
  request,
  at: NOW,
  caller: caller(subject),
  profile: 'p',
  target: 't',
  terms: 'f'.repeat(64),
  ...(justification === undefined ? {} : { justification }),
  uses: 1,
  expiresAt: NOW + 900_000,
})
const refusedEvent: AuditEvent = {
  type: 'request.refusals-capped',
  request,
  at: NOW,
  caller: caller(`sha256:${digestOf(SUBJECT)}`),
  cap: 20,
}

/** What is written, as it is read back. */
const written = (event: AuditEvent, fullSubject?: string): readonly ReadEvent[] =>
  [event, ...textEvents(event, fullSubject)].map((one) => {
    const read = readEvent(journalEntry(one, writing).event)
    if (typeof read === 'string') throw new Error(read)
    return read
  })

const faultsIn = (events: readonly ReadEvent[]): readonly string[] => {
  const journal = newJournal()
  return events.flatMap((event) => step(journal, event.type, event))
}
const next = {
  ...written(created(undefined))[0],
  type: 'request.retired',
  at: new Date(NOW + 1_000_000).toISOString(),
} as unknown as ReadEvent
const retired: ReadEvent = { at: next.at, config: next.config, request: next.request, type: 'request.retired', v: 4 }

describe('an event has the text itself, or its hash', () => {
  test.each([
    ['no justification', undefined, undefined],
    ['256 bytes', 'x'.repeat(256), undefined],
    ['256 bytes of JSON', '"'.repeat(128), undefined],
  ])('%s: nothing follows', (_name, justification, fullSubject) => {
    const [event, ...texts] = written(created(justification), fullSubject)
    expect([event?.justification, event?.justificationHash, texts]).toEqual([justification, undefined, []])
  })
  test.each([
    ['257 bytes', 'x'.repeat(257)],
    ['2,000 characters', 'x'.repeat(2000)],
    ['4,000 bytes', 'é'.repeat(2000)],
    ['emoji', '👩‍💻'.repeat(150)],
    ['control characters', '\u0001\n'.repeat(999)],
    ['quotes', '"\\'.repeat(1000)],
  ])('%s: the parts together are the text', (_name, justification) => {
    const [event, ...texts] = written(created(justification))
    expect([event?.justification, event?.justificationHash]).toEqual([undefined, digestOf(justification)])
    expect(texts.map(({ text }) => text).join('')).toBe(justification)
    expect(texts.map(({ part, parts }) => [part, parts])).toEqual(texts.map((_text, index) => [index + 1, texts.length]))
    expect(texts.every(({ text }) => (text as string).isWellFormed())).toBe(true)
  })
  test.each([
    [720, 1],
    [721, 2],
    [1440, 2],
    [1441, 3],
  ])('%d bytes take %d parts', (bytes, parts) => expect(textEvents(created('x'.repeat(bytes)), undefined)).toHaveLength(parts))
  test('a subject comes before a justification', () => {
    const [, ...texts] = written(created(LONG, `sha256:${digestOf(SUBJECT)}`), SUBJECT)
    expect([...new Set(texts.map(({ of }) => of))]).toEqual(['subject', 'justification'])
  })
})

const both = written(created(LONG, `sha256:${digestOf(SUBJECT)}`), SUBJECT)
const change = (index: number, more: object): readonly ReadEvent[] =>
  both.map((event, at) => (at === index ? (JSON.parse(canonicalJson({ ...event, ...more } as Json)) as ReadEvent) : event))

const asked: AuditEvent = {
  ...{ type: 'request.asked', request, at: NOW, caller: caller(), profile: 'p', target: 't', terms: 'f'.repeat(64), justification: LONG },
  ...{ needs: [1], uses: 1, window: 60, expiresAt: NOW + 900_000 },
}
const askedShortly: AuditEvent = { ...asked, justification: 'INC-1' }
const justified: AuditEvent = {
  ...{ type: 'request.justified', request, at: NOW, by: caller(), justification: LONG, source: 'x', token: 'f'.repeat(64) },
}
const received: ReadEvent = { v: 4, type: 'request.received', request, at: new Date(NOW).toISOString(), config: 'c'.repeat(64) }
const reservedEvent = {
  ...{
    ...received,
    type: 'session.reserved',
    session: `${request}.aaaaaaaa`,
    caller: caller(`sha256:${digestOf(SUBJECT)}`),
    terms: 'f'.repeat(64),
  },
  ...{ sessionName: `Dana-${request}.aaaaaaaa`, role: 'r', duration: 60, expiresAt: new Date(NOW + 60_000).toISOString() },
} as ReadEvent
const cancelled: ReadEvent = { ...received, type: 'request.cancelled', by: caller() }

describe('honest', () => {
  test.each<[string, readonly ReadEvent[]]>([
    ['a short justification', written(created('INC-1'))],
    ['a long one', written(created(LONG))],
    ['a long one and a long subject', both],
    ['the longest subject', written(created(undefined, `sha256:${digestOf(LONGEST)}`), LONGEST)],
    ['a long one of a request that waits', (([event, ...texts]) => [event as ReadEvent, received, ...texts])(written(asked))],
    ['a long one that was given later', [...written(askedShortly).slice(0, 1), received, ...written(justified)]],
    [
      'a long subject, and a session that names it',
      [...written(created(undefined, `sha256:${digestOf(SUBJECT)}`), SUBJECT), reservedEvent],
    ],
    ['a long subject that was refused', written(refusedEvent, SUBJECT)],
    ['the same, and the item leaves the table', [...both, retired]],
    [
      'an event of version 3 whose subject looks like a digest',
      [{ ...(written(created('x', `sha256:${digestOf('x')}`))[0] as ReadEvent), v: 3 }, retired],
    ],
  ])('%s', (_name, events) => expect(faultsIn(events)).toEqual([]))
})

test('a text of which a part was erased is not judged', () => {
  const journal = newJournal()
  const [event, first, ...rest] = both as [ReadEvent, ReadEvent, ...ReadEvent[]]
  step(journal, event.type, event)
  expect([step(journal, first.type, undefined), ...rest.map((text) => step(journal, text.type, text))].flat()).toEqual([])
})

describe('a fault', () => {
  const LAST = both.length - 1
  test.each<[string, readonly ReadEvent[], RegExp]>([
    [
      'a text of a request that waits',
      [...written(asked).slice(0, 1), received, cancelled],
      /^request\.cancelled before the request\.text/,
    ],
    [
      'a text of a later justification',
      [...written(askedShortly).slice(0, 1), received, ...written(justified).slice(0, 1), cancelled],
      /^request\.cancelled before/,
    ],
    [
      'a text of a refusal',
      [{ ...refusedEvent, type: 'request.refused', at: received.at, v: 4, config: received.config } as unknown as ReadEvent, retired],
      /^request\.retired before the request\.text/,
    ],
    ['more parts than a text can have', change(1, { parts: 13 }), /^part 1 of the subject where another part is due$/],
    ['no parts', change(1, { parts: 0 }), /^part 1 of the subject where another part is due$/],
    ['a text is missing', [both[0] as ReadEvent, retired], /^request\.retired before the request\.text events/],
    ['the last part is missing', [...both.slice(0, LAST), retired], /^request\.retired before the request\.text events/],
    ['the first part is missing', [both[0] as ReadEvent, ...both.slice(2)], /^part 2 of the subject where another part is due$/],
    ['a part comes twice', [...both.slice(0, 2), ...both.slice(1)], /^part 1 of the subject where another part is due$/],
    [
      'two parts are swapped',
      [...both.slice(0, 1), both[2] as ReadEvent, both[1] as ReadEvent, ...both.slice(3)],
      /^part 2 of the subject/,
    ],
    ['a subject of another caller', change(1, { text: 'someone else' }), /^the text of the subject differs from the hash/],
    ['another justification', change(LAST, { text: 'a better reason' }), /^the text of the justification differs from the hash/],
    ['a part of another text', change(1, { of: 'justification' }), /^part 1 of the justification where another part is due$/],
    ['another number of parts', change(2, { parts: 11 }), /^part 2 of the subject where another part is due$/],
    ['a part more than there are', [...both, { ...(both[LAST] as ReadEvent) }], /^a text that no event before it means$/],
    ['a text after a short justification', [...written(created('x')), both[1] as ReadEvent], /^a text that no event before it means$/],
    [
      'a subject that is only a digest',
      written(created('x', `sha256:${digestOf(SUBJECT)}`)).concat(retired),
      /^request\.retired before the request\.text/,
    ],
  ])('%s', (_name, events, fault) => expect(faultsIn(events)[0]).toMatch(fault))
})
