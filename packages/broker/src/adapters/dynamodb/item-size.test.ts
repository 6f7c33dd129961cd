/**
 * The largest request there can be fits into an item of 400 KB, with room for its withdrawal (Amazon DynamoDB Developer Guide, "Item sizes
 * and formats"): every session that it allows, each with the longest names, four justifications and a subject of the longest length.
 */
import { marshall } from '@aws-sdk/util-dynamodb'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { textEvents } from '@stint/core/audit/event-texts'
import type { RequestId, SessionId } from '@stint/core/ids'
import { MAX_EVENTS, MAX_USES, SESSION_BYTES, SPARE_ATTEMPTS } from '@stint/core/request/session'
import { expect, test } from 'vitest'
import { itemBytes } from './testing/item-bytes.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const MAX_ITEM_BYTES = 409_600
/** An end, a review and reminders. The outcome of every session is counted. */
const WITHDRAWALS_BYTES = 5000

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

test.each([
  ['of two-byte characters', 'ы'.repeat(2000)],
  ['of quotes', '"'.repeat(2000)],
  ['of control characters', '\u0001'.repeat(900)],
  ['that is as long as JSON as it can be', `${'"'.repeat(1333)}${'𝒳'.repeat(666)}`],
])('with justifications %s', (_what, justification) => {
  const caller = { issuer: 'i'.repeat(48), subject: `sha256:${hash}`, name: 'n'.repeat(128), kind: 'human' } as const
  const asked: AuditEvent = {
    ...{ type: 'request.asked', ...ofRequest, caller, profile: 'p'.repeat(48), target: 't'.repeat(48), terms: hash, justification },
    ...{ needs: Array(10).fill(1), unattendedAt: NOW, uses: MAX_USES, window: 604_800, expiresAt: NOW },
  }
  const justified: AuditEvent = { type: 'request.justified', ...ofRequest, by: caller, justification, ...origin }
  const given: AuditEvent = {
    ...{ type: 'approval.given', ...ofRequest, by: caller, channel: 'slack', comment: 'c'.repeat(256), limits, rules: [0], ...origin },
  }
  const reserved: AuditEvent = {
    ...{ type: 'session.reserved', ...ofSession, caller, terms: hash, ...names, role: roleArn, ...facts },
    ...{ duration: 43_200, durationAsked: true, expiresAt: NOW },
  }
  const attempts = Array.from({ length: MAX_USES + SPARE_ATTEMPTS }, (_, at) => at < MAX_USES)
  const failed: AuditEvent = { type: 'session.failed', ...ofSession, code: 'sts-throttled', reason: 'r'.repeat(240), sends: 2 }
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
    ...attempts.flatMap((isIssued): AuditEvent[] => [reserved, isIssued ? { type: 'session.issued', ...ofSession, ...aws } : failed]),
  ]
  const sessions = attempts.map((isIssued, at) => [
    `ses.abcde${100 + at}`,
    {
      ...{ attempt: 'f'.repeat(32), state: 'abandoned', reservedAt: NOW, duration: 43_200, expiresAt: NOW, ...names },
      ...(isIssued ? { issued: { at: NOW, ...aws } } : { failure: 'assume-role-invalid' }),
    },
  ])
  const key = 'k'.repeat(305)
  const approver = { approver: caller, person: key, rules: [0], at: NOW, channel: 'slack', comment: 'c'.repeat(256), limits }
  const item = {
    ...{ pk: `REQ#${request}`, id: request, version: 1, state: 'approved', caller, fullSubject, person: key, callerKey: key, roleArn },
    // A policy, tags, parameters and approvers.
    ...{ terms: 't'.repeat(25_000), termsHash: hash, justification, moreJustifications: Array(3).fill({ at: NOW, text: justification }) },
    ...{ approvals: Array(10).fill(approver), limits, openKey: key, workKey: key, dayKey: key },
    events: events.slice(0, MAX_EVENTS).map((event) => journalEntry(event, { random: (count) => new Uint8Array(count), configHash: hash })),
    ...Object.fromEntries(sessions),
  }
  expect(itemBytes(marshall(item))).toBeLessThan(MAX_ITEM_BYTES - WITHDRAWALS_BYTES)
})

test('one session takes no more than the lint counts for it', () => {
  const caller = { issuer: 'i'.repeat(48), subject: `sha256:${hash}`, name: 'n'.repeat(128), kind: 'human' } as const
  const reserved: AuditEvent = {
    ...{ type: 'session.reserved', ...ofSession, caller, terms: hash, ...names, role: roleArn, ...facts },
    ...{ duration: 43_200, durationAsked: true, expiresAt: NOW },
  }
  const events = [reserved, { type: 'session.issued', ...ofSession, ...aws } as const].map((event) =>
    journalEntry(event, { random: (count) => new Uint8Array(count), configHash: hash }),
  )
  const [withNone, withOne] = [
    { events: [] },
    {
      events,
      'ses.abcdefgh': {
        ...{ attempt: 'f'.repeat(32), state: 'reserved', reservedAt: NOW, duration: 43_200, expiresAt: NOW, ...names },
        issued: { at: NOW, ...aws },
      },
    },
  ].map((item) => itemBytes(marshall(item)))
  const bytes = (withOne ?? 0) - (withNone ?? 0)
  expect([bytes, bytes <= SESSION_BYTES, bytes > SESSION_BYTES - 100]).toEqual([bytes, true, true])
})
