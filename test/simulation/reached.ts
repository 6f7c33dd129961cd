/**
 * Sometimes-assertions: what a run must reach at least once. A workload that never gets there is blind, whatever its oracles say.
 */
import { requestTransitions } from '@stint/core/request/machine'
import type { RequestState } from '@stint/core/request/request'
import { sessionTransitions } from '@stint/core/request/session'
import { FATES } from './network.ts'

/** Every change of state in the tables of core. */
const transitions = Object.entries(requestTransitions).flatMap(([from, acts]) =>
  [...new Set(Object.values(acts).flat() as RequestState[])].filter((to) => to !== from).map((to) => `request ${from} → ${to}`),
)
const sessions = Object.values(sessionTransitions.reserved).flatMap((to) => (to === 'reserved' ? [] : [`session reserved → ${to}`]))

/** Acts that can leave the state as it is, by the event that each of them writes: a row of the table for each state that has them. */
const EVENT_OF: Readonly<Record<string, string>> = {
  approve: 'approval.given',
  escalate: 'request.escalated',
  remind: 'request.reminded',
  justify: 'request.justified',
  review: 'request.reviewed',
  vend: 'session.reserved',
}
const acts = Object.entries(requestTransitions).flatMap(([state, all]) =>
  Object.entries(all).flatMap(([act, to]) => (to.includes(state as RequestState) ? [`event ${EVENT_OF[act]} in ${state}`] : [])),
)
/** What happens within a state that no row names. */
const events = [
  'event session.answer-dropped in approved',
  'event session.renewal-reserved in approved',
  'event session.renewed in approved',
  'event session.renewal-failed in approved',
  'event session.renewal-abandoned in approved',
]

const moments = [
  'a lost session.reserved is found to be our own',
  'a lost session.issued is found to be our own',
  'a reservation was abandoned',
  'AWS made credentials that never left',
  'every use is taken',
  'a freeze is set beside a call, and stops it',
  'a frozen approver is refused',
  'a session failed because of a revoke in flight',
  'credentials are renewed',
  'a session is ended',
  'a renewal failed because of an end in flight',
  'a session with working credentials ends at once',
  'AWS makes credentials for a renewal whose session has just ended',
  'IAM returns an older policy than the last one that was written',
  'an end is written and not read back',
  'an end is read back',
  'an end is answered as requested',
  'an end is answered as written',
  'an end is answered as read-back',
  'in the end, an ended session is read-back',
  'an expired session leaves the policy of its role',
  'the policy of a role has no room for an end',
  'every earlier session of a role is denied',
  'a revoker that was refused works again',
  'the message of an end is delivered again',
  'the message of an end becomes a dead letter',
  'the sweeper sends the message of an end again',
  'a clock stands still at the end of something',
  'approved unattended',
  'a call is frozen',
  'a freeze is set',
  'an approval is given in Slack',
  'a message in Slack shows what was decided',
  'a role was created again, and a renewal is refused',
  'a job renews with a single-use token',
  'DynamoDB leaves a key unprocessed',
  'a deployment beside calls',
  'a button is pressed in Slack',
  'the stream delivers a batch again',
  'a checkpoint is published',
  'a journal is quarantined',
  'the honest witness answers 409',
  'the honest witness answers 503',
  'a checkpoint has a cosignature of honest.witness.example',
  'a checkpoint has a cosignature of lying.witness.example',
  'a checkpoint is published without a witness',
  'items are retired',
  'an item has left the table',
  'a request is erased',
  'the table is restored from a backup',
  'a request is restored from the log',
  'a freeze is restored in force',
  'a freeze that was put back as released is set again',
  ...['frozen', 'token-used', 'already-issued', 'in-progress', 'request-exhausted', 'request-ended', 'approval-required'],
  ...['session-ended', 'rate-limited', 'session-unknown', 'end-policy-full'],
  ...['terms-changed', 'self-approval', 'already-decided', 'revoked-in-flight', 'sts-timeout', 'sts-answer-invalid', 'sts-throttled'],
  ...['assume-role-denied', 'ledger-unavailable', 'issuer-keys-unavailable', 'token-invalid', 'token-expired', 'request-unknown'],
].map((what) => (/^[a-z]+(-[a-z]+)*$/.test(what) ? `refusal ${what}` : what))

/** Each fault at each of these steps: of the vend path, of a renewal, of a decision, and of an end at AWS. */
const STEPS = [
  'jwks',
  'session.reserved',
  'BatchGetItem FREEZE',
  'AssumeRole',
  'session.issued',
  'session.failed',
  'SendMessage',
  'PutRolePolicy',
  'GetRolePolicy',
] as const
const FAULTS = [...FATES.slice(1), 'slow', 'pause', 'crash-before', 'crash-after'] as const
export const cells = FAULTS.flatMap((fault) => STEPS.map((step) => `${fault} × ${step}`))

/** The rows of the tables of transitions, of requests and of sessions. */
export const rows: readonly string[] = [
  'request new → pending',
  'request new → approved',
  ...transitions,
  ...acts,
  'session new → reserved',
  ...sessions,
  'session issued → ended',
]

/** What a campaign must reach, and some hundred schedules need not. */
export const rarely: readonly string[] = ['a session is abandoned before its record arrives']

export const mustReach: readonly string[] = [...rows, ...events, ...moments, ...cells]
