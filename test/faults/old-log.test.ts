/**
 * Logs outlive the code that wrote them. `test/fixtures/log-v1.json.gz` and `log-v2.json.gz` are logs that code of event versions
 * 1 and 2 wrote: the journals of brokers that had run end-to-end tests of approvals, Slack, freezes and more. They must verify
 * for as long as this code exists, and this code must be able to continue what that code began.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { ship } from '@stint/broker/log/ship'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { parseEvents } from '@stint/core/audit/event-bundle'
import type { Journaled } from '@stint/core/audit/journal-item'
import { type ReadEvent, readEvent } from '@stint/core/audit/schema'
import type { SessionId } from '@stint/core/ids'
import { parseIso, wholeSecond } from '@stint/core/instant'
import { parseVkey } from '@stint/tlog/note'
import { describe, expect, test } from 'vitest'
import { bytes, type MemoryLog, memoryStore, newMemoryLog, shipperOf } from '../support/memory-log.ts'

type Fixture = {
  readonly vkey: string
  /** Objects of lines as their lines, others in base64. */
  readonly objects: Readonly<Record<string, string | readonly string[]>>
}
const fixture = (version: 1 | 2): Fixture => {
  const path = fileURLToPath(new URL(`../fixtures/log-v${version}.json.gz`, import.meta.url))
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8'))
}
const NOW = Date.parse('2028-12-01T00:00:00Z')

function oldLog(version: 1 | 2): Pick<MemoryLog, 'log' | 'events'> {
  const stores = { log: memoryStore(), events: memoryStore() }
  for (const [path, held] of Object.entries(fixture(version).objects))
    stores[path.startsWith('events/') ? 'events' : 'log'].objects.set(
      path,
      typeof held === 'string' ? Buffer.from(held, 'base64') : Buffer.from(held.join('\n')),
    )
  return stores
}

/** The journals of the log of version 1, as the table had them. */
function oldJournals(): readonly Journaled[] {
  const journals = new Map<string, { readonly event: string; readonly salt: Uint8Array }[]>()
  for (const [, file] of [...oldLog(1).events.objects].sort()) {
    for (const held of parseEvents(file) ?? []) {
      if (held === 'erased') throw new Error('nothing is erased in it')
      const { request } = JSON.parse(held.event) as ReadEvent
      journals.set(request, [...(journals.get(request) ?? []), held])
    }
  }
  return [...journals].map(([request, events]) => ({ request, events, about: {} }))
}

const readAll = ({ events }: Journaled): readonly ReadEvent[] =>
  events.map((one) => {
    const event = readEvent('event' in one ? one.event : '')
    if (typeof event === 'string') throw new Error(event)
    return event
  })

async function verified(memory: MemoryLog) {
  return verify({ source: storeSource(memory), keys: [shipperOf(memory).signer.key], now: NOW })
}

test.each<[1 | 2, number, object]>([
  [1, 266, { 'session.issued': 19, 'request.approved': 21, 'approval.given': 26, 'link.made': 8, 'freeze.released': 4 }],
  [2, 56, { 'session.issued': 2, 'approval.given': 3, 'request.denied': 1, 'session.answer-dropped': 2, 'freeze.deploy-released': 2 }],
])('a log of version %d verifies', async (version, size, counts) => {
  const key = parseVkey(fixture(version).vkey)
  if (!key) throw new Error('no key')
  const report = await verify({ source: storeSource(oldLog(version)), keys: [key], now: NOW })
  expect([report.faults, report.notices, report.size]).toEqual([[], [], size])
  expect(report.counts).toMatchObject(counts)
})

describe('what code of version 1 began', () => {
  /** What this code writes on an old journal that can still be used: a session of the requester, on the terms asked for. */
  function used(journal: Journaled, change: object = {}): Journaled | undefined {
    const events = readAll(journal)
    const first = events[0]
    const [last, grant] = [events.at(-1), events.findLast(({ type }) => type === 'request.approved')]
    if (!first || !grant || last !== grant || events.some(({ type }) => type.startsWith('session.'))) return undefined
    const at = (parseIso(grant.at) ?? 0) + 1000
    if (at >= (parseIso(grant.expiresAt as string) ?? 0)) return undefined
    const [request, caller] = [journal.request, first.caller as { readonly name: string }]
    const session = `${request}.aaaaaaaa` as SessionId
    const sessionName = `${caller.name.replace(/[^\w]/g, '').slice(0, 24)}-${session}`
    const expiresAt = wholeSecond(at) + 60_000
    const written = [
      {
        type: 'session.reserved',
        at,
        caller: { ...caller, name: caller.name.replace(/[^\w]/g, '') },
        terms: first.terms,
        sessionName,
        role: 'arn:aws:iam::444455556666:role/stint/PowerUser',
        duration: 60,
        expiresAt,
        build: 'new',
        source: '203.0.113.7',
        token: 'a'.repeat(64),
        trace: 'f'.repeat(32),
        ...change,
      },
      {
        type: 'session.issued',
        at: at + 1,
        accessKeyId: `ASIA${request.slice(-16).toUpperCase()}`,
        assumedRoleArn: `arn:aws:sts::444455556666:assumed-role/PowerUser/${sessionName}`,
        assumedRoleId: `AROAEXAMPLE:${sessionName}`,
        expiration: expiresAt,
        awsRequestId: 'x',
        packedPolicySize: 1,
        sends: 1,
      },
    ].map((event) => journalEntry({ ...event, request, session } as unknown as AuditEvent, { random: bytes, configHash: grant.config }))
    return { ...journal, events: [...journal.events, ...written] }
  }

  /** What this code writes on an old journal that waits: the approval that it needs. */
  function approved(journal: Journaled): Journaled | undefined {
    const events = readAll(journal)
    const [first, last] = [events[0], events.at(-1)]
    if (first?.type !== 'request.asked' || last?.type !== 'request.received' || JSON.stringify(first.needs) !== '[1]') return undefined
    const at = (parseIso(first.at) ?? 0) + 1000
    const by = { issuer: 'lab', subject: 'another', name: 'another', kind: 'human' }
    const written = [
      { type: 'approval.given', by, channel: 'api', rules: [0], source: '203.0.113.7', token: 'a'.repeat(64) },
      { type: 'request.approved', uses: 1, expiresAt: at + 60_000 },
    ].map((event) =>
      journalEntry({ ...event, request: journal.request, at } as unknown as AuditEvent, { random: bytes, configHash: first.config }),
    )
    return used({ ...journal, events: [...journal.events, ...written] })
  }

  test('this code goes on with: in the log that was, and within one journal', async () => {
    const memory = newMemoryLog()
    const journals = oldJournals()
    const continued = journals.flatMap((one) => used(one) ?? [])
    const waited = journals.flatMap((one) => approved(one) ?? [])
    expect(waited.length).toBeGreaterThan(0)
    expect(continued.length).toBeGreaterThan(2)
    await ship(shipperOf(memory), journals)
    await ship(shipperOf(memory), [...continued, ...waited])
    const report = await verified(memory)
    expect([report.faults, report.counts['session.issued'], report.size]).toEqual([
      [],
      19 + continued.length + waited.length,
      266 + 2 * continued.length + 4 * waited.length,
    ])
  })

  test.each([
    [
      'for another caller',
      { caller: { issuer: 'lab', subject: 'mallory', name: 'mallory', kind: 'human' } },
      /a caller other than the requester/,
    ],
    ['on other terms', { terms: 'b'.repeat(64) }, /terms other than those/],
  ])('and not %s', async (_what, change, words) => {
    const memory = newMemoryLog()
    const journals = oldJournals()
    const continued = journals.flatMap((one) => used(one, change) ?? []).slice(0, 1)
    await ship(shipperOf(memory), journals)
    await ship(shipperOf(memory), continued)
    const { faults } = await verified(memory)
    expect(faults.map(({ what }) => what)).toContainEqual(expect.stringMatching(words))
    expect(faults.every(({ place }) => place.includes(continued[0]?.request as string))).toBe(true)
  })
})
