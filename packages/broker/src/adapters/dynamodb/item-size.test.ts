/**
 * A request's item never grows beyond 400 KB (Amazon DynamoDB Developer Guide, "Constraints"), whatever is still to come: each part is held
 * to the bytes that `item-room.ts` takes for it, with the longest values that there can be.
 */
import { marshall } from '@aws-sdk/util-dynamodb'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { textEvents } from '@stint/core/audit/event-texts'
import type { RequestId, SessionId } from '@stint/core/ids'
import { canonicalJson } from '@stint/core/json'
import { MAX_OPEN_RENEWALS, MAX_USES, maxRenewals, SESSION_BYTES, SPARE_ATTEMPTS } from '@stint/core/request/session'
import type { Terms } from '@stint/core/scope/terms'
import { describe, expect, test } from 'vitest'
import type { NewRequest } from '../../ports/ledger.ts'
import { MAX_ITEM_BYTES, ROOM_BYTES, sessionRoom } from './item-room.ts'
import type { StoredSession } from './items.ts'
import { askedRoom } from './new-request.ts'
import { renewalRoom } from './renewal-reserve.ts'
import { itemBytes } from './testing/item-bytes.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const hash = 'f'.repeat(64)
const request = `req_${'0'.repeat(26)}` as RequestId
const ofRequest = { request, at: NOW } as const
const ofSession = { ...ofRequest, session: `${request}.abcdefgh` as SessionId } as const
const origin = { source: '2001:0db8:1111:2222:3333:4444:5555:6666', token: hash }
const facts = { ...origin, build: 'b'.repeat(40), trace: 'f'.repeat(32) }
const roleArn = `arn:aws-us-gov:iam::111122223333:role/${'p'.repeat(510)}/${'r'.repeat(64)}`
const names = { sessionName: 'n'.repeat(64), sourceIdentity: 's'.repeat(64) }
const limits = { duration: 3600, uses: 100, window: 86_400 }
const aws = {
  accessKeyId: 'A'.repeat(20),
  assumedRoleArn: 'a'.repeat(175),
  assumedRoleId: 'a'.repeat(86),
  awsRequestId: 'a'.repeat(36),
  packedPolicySize: 100,
  sends: 2,
  expiration: NOW,
}

/** A subject of 256 bytes is the longest that an event holds as it is. */
const caller = { issuer: 'i'.repeat(48), subject: 's'.repeat(256), name: 'n'.repeat(128), kind: 'human' } as const
const entry = (event: AuditEvent) => journalEntry(event, { random: (count) => new Uint8Array(count), configHash: hash })
const sizeOf = (item: object) => itemBytes(marshall(item, { removeUndefinedValues: true }))
const key = 'k'.repeat(305)

/** A session with all that can come to it, besides renewals. */
const reserved = (renew?: number): AuditEvent => ({
  ...{ type: 'session.reserved', ...ofSession, caller, terms: hash, ...names, role: roleArn, ...facts },
  ...{ duration: 43_200, durationAsked: true, expiresAt: NOW, ...(renew ? { renew } : {}) },
})
const issued: AuditEvent = { type: 'session.issued', ...ofSession, ...aws }
const because = { code: 'ledger-unavailable', reason: 'r'.repeat(240), awsRequestId: 'a'.repeat(36), sends: 2 } as const
const failed: AuditEvent = { type: 'session.failed', ...ofSession, ...because }
const { code: _code, ...why } = because
const dropped: AuditEvent = { type: 'session.answer-dropped', ...ofSession, ...why }
const ended: AuditEvent = {
  ...{
    type: 'session.ended',
    ...ofSession,
    endedBy: 'responder',
    by: caller,
    channel: 'slack',
    credentialsExpireBy: NOW,
    everyEarlierSession: true,
    ...origin,
  },
}
const before = (renew?: number, tags = 49): StoredSession => ({
  ...{ attempt: 'f'.repeat(32), state: 'reserved', reservedAt: NOW, duration: 43_200, expiresAt: NOW, ...names, fingerprint: hash },
  ...(renew ? { renew, tags: Array(tags).fill({ key: 'k', value: 'v'.repeat(256), transitive: true }), job: 'j'.repeat(300) } : {}),
  ...(renew ? { renewed: { count: 0 }, open: {} } : {}),
})
const attemptsAt = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}`.repeat(32), { set: 'aaaaaaaa', at: NOW, expiresAt: NOW }]))
const renewedOnce = { count: 100, attempt: 'f'.repeat(32), at: NOW, accessKeyId: 'A'.repeat(20), expiration: NOW }
const minute = { minute: 30_000_000, minuteCount: 10 }
const endedBy = { state: 'ended', endedBy: 'responder', endedAt: NOW, endAttempt: 'f'.repeat(32) } as const
const after = (renew?: number, tags?: number): object => ({
  ...{ ...before(renew, tags), issued: { at: NOW, ...aws }, ...endedBy },
  ...(renew ? { renewed: renewedOnce, ...minute } : {}),
})
const without = (renew?: number, tags?: number): object => ({
  ...before(renew, tags),
  state: 'abandoned',
  failure: 'assume-role-invalid',
  dropped: true,
  abandonedBy: key,
})

const renewalReserved: AuditEvent = {
  ...{ type: 'session.renewal-reserved', ...ofSession, set: 'aaaaaaaa', caller, terms: hash, expiresAt: NOW, ...facts },
}
const { assumedRoleArn: _arn, packedPolicySize: _size, ...renewalFacts } = aws
const renewed: AuditEvent = { type: 'session.renewed', ...ofSession, set: 'aaaaaaaa', ...renewalFacts }
const renewalFailed: AuditEvent = { type: 'session.renewal-failed', ...ofSession, set: 'aaaaaaaa', ...because }

const grown = (events: readonly AuditEvent[], session: object) =>
  sizeOf({ events: events.map(entry), 'ses.abcdefgh': session }) - sizeOf({ events: [] })

describe('takes at least as much as there can be', () => {
  test.each<[string, readonly AuditEvent[], object, number | undefined]>([
    ['a session that was issued and ended', [reserved(), issued, ended], after(), undefined],
    ['a session that can be renewed', [reserved(3600), issued, ended], after(3600), 3600],
    ['a session whose answer was dropped, and that was ended', [reserved(), dropped, ended], { ...without(), ...endedBy }, undefined],
    ['a session that failed after its answer was dropped', [reserved(), dropped, failed], without(), undefined],
  ])('%s', (_what, events, session, renew) => {
    const [bytes, taken] = [grown(events, session), sessionRoom(entry(reserved(renew)), before(renew), roleArn)]
    expect([bytes, taken, bytes <= taken]).toEqual([bytes, taken, true])
  })
  test.each([
    ['a renewal', renewed],
    ['a renewal that failed', renewalFailed],
  ])('%s', (_what, outcome) => {
    const [bytes, taken] = [grown([renewalReserved, outcome], {}), renewalRoom(entry(renewalReserved))]
    const open = (sizeOf({ open: attemptsAt(MAX_OPEN_RENEWALS) }) - sizeOf({ open: {} })) / MAX_OPEN_RENEWALS
    expect([bytes, open, bytes <= taken, sizeOf({ events: [entry(renewalReserved)] }) + open <= taken]).toEqual([bytes, open, true, true])
  })
})

/** All that there can be besides sessions: four justifications, ten approvals, a revocation, a review, reminders. */
function withoutSessions(justification: string) {
  const asked: AuditEvent = {
    ...{ type: 'request.asked', ...ofRequest, caller, profile: 'p'.repeat(48), target: 't'.repeat(48), terms: hash, justification },
    ...{ needs: Array(10).fill(1), unattendedAt: NOW, uses: MAX_USES, window: 604_800, expiresAt: NOW },
  }
  const justified: AuditEvent = { type: 'request.justified', ...ofRequest, by: caller, justification, ...origin }
  const given: AuditEvent = {
    ...{ type: 'approval.given', ...ofRequest, by: caller, channel: 'slack', comment: 'c'.repeat(256), limits, rules: [0], ...origin },
  }
  const fullSubject = '𝒳'.repeat(2048)
  const events: readonly AuditEvent[] = [
    asked,
    { type: 'request.received', ...ofRequest, ...facts, ticket: 't'.repeat(64), limits, startsAt: NOW },
    ...textEvents(asked, fullSubject),
    ...Array(3)
      .fill([justified, ...textEvents(justified, undefined)])
      .flat(),
    ...Array(10).fill(given),
    { type: 'request.approved', ...ofRequest, uses: 100, expiresAt: NOW },
    // A revocation, a review and reminders are no longer than these.
    ...Array(4).fill(given),
  ]
  const approver = { approver: caller, person: key, rules: [0], at: NOW, channel: 'slack', comment: 'c'.repeat(256), limits }
  // A policy, tags, parameters and approvers.
  const terms = { policy: 't'.repeat(25_000), role: roleArn } as unknown as Terms
  const approval = { rules: Array(10).fill({ by: [], count: 1 }) }
  const termsText = canonicalJson(terms as never)
  const item = {
    ...{ pk: `REQ#${request}`, id: request, version: 1, state: 'approved', caller, fullSubject, person: key, callerKey: key, roleArn },
    ...{ terms: termsText, termsHash: hash, justification, moreJustifications: Array(3).fill({ at: NOW, text: justification }) },
    ...{ approvals: Array(10).fill(approver), limits, openKey: key, workKey: key, dayKey: key, openSession: key, fingerprint: hash },
    ...{ room: MAX_ITEM_BYTES, renewals: 100, attempts: 100, usesLeft: 100 },
  }
  return { item, events, room: askedRoom({ caller: { fullSubject }, approval, scope: { terms } } as unknown as NewRequest) }
}

const justifications: [string, string][] = [
  ['of two-byte characters', 'ы'.repeat(2000)],
  ['of quotes', '"'.repeat(2000)],
  ['of control characters', '\u0001'.repeat(900)],
  ['that is as long as JSON as it can be', `${'"'.repeat(1333)}${'𝒳'.repeat(666)}`],
]
describe('stays below 400 KB until all sessions are ended', () => {
  test.each(justifications)('with justifications %s', (_what, justification) => {
    const { item, events, room } = withoutSessions(justification)
    const bytes = sizeOf({ ...item, events: events.map(entry) })
    expect([bytes, room, bytes + room <= MAX_ITEM_BYTES]).toEqual([bytes, room, true])
  })

  test.each(justifications)('also if it is granted by rule, with justifications %s', (_what, justification) => {
    const { item, events } = withoutSessions(justification)
    const byRule = events.filter(({ type }) => !['approval.given', 'request.justified'].includes(type)).slice(0, -24)
    const { approvals: _none, moreJustifications: _more, justification: _attribute, ...created } = item
    const room = ROOM_BYTES - Buffer.byteLength(item.terms)
    const bytes = sizeOf({ ...created, events: [...byRule, ...events.slice(-4)].map(entry) })
    expect([bytes, room, bytes + room <= MAX_ITEM_BYTES]).toEqual([bytes, room, true])
  })

  const [, longest = ''] = justifications.at(-1) ?? []
  test.each([
    [1, 49],
    [8, 49],
    // A profile with approval, which several uses need, has only tags that are part of the terms.
    [1, 0],
    [8, 0],
    [50, 0],
    [MAX_USES, 0],
  ])('with %i uses and %i tags, and as many attempts and renewals as there is room for', (uses, tags) => {
    const { item, events, room } = withoutSessions(longest)
    const journal = [...events]
    const sessions: Record<string, object> = {}
    let left = room
    const takes = (bytes: number, act: () => void) => {
      if (left < bytes) return
      left -= bytes
      act()
    }
    for (let at = 0; at < uses + SPARE_ATTEMPTS; at++)
      takes(sessionRoom(entry(reserved(3600)), before(3600, tags), roleArn), () => {
        const isIssued = at < uses
        journal.push(reserved(3600), ...(isIssued ? [issued, ended] : [dropped, failed]))
        sessions[`ses.abcde${100 + at}`] = isIssued ? after(3600, tags) : without(3600, tags)
      })
    for (let at = 0; at < maxRenewals(uses); at++)
      takes(renewalRoom(entry(renewalReserved)), () => journal.push(renewalReserved, renewalFailed))
    const bytes = sizeOf({ ...item, ...sessions, events: journal.map(entry) })
    const many = Object.keys(sessions).length
    console.log(`${uses} uses: ${many} sessions, ${journal.filter((one) => one === renewalReserved).length} renewals, ${bytes} bytes`)
    expect([bytes, bytes <= MAX_ITEM_BYTES]).toEqual([bytes, true])
  })

  test('with ordinary names, there is room for the most uses, or for one with the most renewals', () => {
    const role = 'arn:aws:iam::111122223333:role/OnCallReadOnly'
    const short = { sessionName: 'Dana-req_00000000000000000000000000.abcdefgh', sourceIdentity: 'people:dana@acme.example' }
    const dana = { issuer: 'people', subject: '00u1a2b3c4d5e6f7g8h9', name: 'Dana Developer', kind: 'human' } as const
    const event = entry({ ...(reserved() as object), caller: dana, role, ...short } as AuditEvent)
    const { fingerprint: _none, ...session } = { ...before(), ...short }
    const terms = { policy: 't'.repeat(1500), role } as unknown as Terms
    const approval = { rules: [{ by: [], count: 1 }] }
    const room = askedRoom({ caller: {}, approval, scope: { terms } } as unknown as NewRequest)
    const taken = sessionRoom(event, session, role)
    const renewal = renewalRoom(entry({ ...(renewalReserved as object), caller: dana } as AuditEvent))
    expect([taken * MAX_USES <= room, taken + maxRenewals(1) * renewal <= room]).toEqual([true, true])
    console.log(`ordinary names: room ${room}, a session takes ${taken}, a renewal ${renewal}`)
  })
})

test('one session takes no more than the lint counts for it', () => {
  const digested = { ...caller, subject: `sha256:${hash}` }
  const { fingerprint: _none, ...session } = before()
  const bytes = grown([{ ...reserved(), caller: digested } as AuditEvent, issued], { ...session, issued: { at: NOW, ...aws } })
  expect([bytes, bytes <= SESSION_BYTES, bytes > SESSION_BYTES - 100]).toEqual([bytes, true, true])
})
