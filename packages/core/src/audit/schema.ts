/**
 * The schema of events. The auditor's page is generated from this table, and `stint audit verify` checks every event against
 * it. An event is a JSON object in RFC 8785 form; unknown properties and unknown types are invalid. Events of version 1, which
 * older code wrote, are read too; `lacking` lists what they do not have.
 */
import { parseIso } from '../instant.ts'
import { isCanonicalJson, isObject, own } from '../json.ts'
import { type AuditEvent, EVENT_VERSION } from './event.ts'
import { isOlderVersion, type OlderVersion, withCurrentNames } from './older-events.ts'

/** The forms of property values. */
const kinds = {
  text: { says: 'a string', fits: (value: unknown) => typeof value === 'string' },
  instant: {
    says: 'RFC 3339, UTC, milliseconds',
    fits: (value: unknown) =>
      typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) && parseIso(value) !== undefined,
  },
  count: { says: 'an integer, 0 or more', fits: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0 },
  counts: { says: 'a list of integers', fits: (value: unknown) => Array.isArray(value) && value.every(Number.isSafeInteger) },
  hash: { says: 'SHA-256 in hex', fits: (value: unknown) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) },
  person: {
    says: '`{ issuer, kind, name, subject }`',
    fits: (value: unknown) =>
      isObject(value) &&
      ['issuer', 'kind', 'name', 'subject'].every((name) => typeof value[name] === 'string') &&
      Object.keys(value).length === 4,
  },
  limits: {
    says: '`{ duration?, uses?, window? }`, seconds and a count',
    fits: (value: unknown) =>
      isObject(value) &&
      Object.entries(value).every(([name, limit]) => ['duration', 'uses', 'window'].includes(name) && Number.isSafeInteger(limit)),
  },
  set: { says: '8 characters', fits: (value: unknown) => typeof value === 'string' && /^[0-9a-hjkmnp-tv-z]{8}$/.test(value) },
  endedBy: {
    says: '`caller`, `approver`, `responder` or `stint`',
    fits: (value: unknown) => ['caller', 'approver', 'responder', 'stint'].includes(value as string),
  },
  channel: {
    says: '`api` (which the command line also uses), `slack` or `web`',
    fits: (value: unknown) => ['api', 'slack', 'web', 'cli'].includes(value as string),
  },
  yes: { says: '`true`', fits: (value: unknown) => value === true },
} as const
type Kind = keyof typeof kinds

/** The meaning of each property, the same in every event. */
const members = {
  v: ['count', 'The version of this schema: 4.'],
  type: ['text', 'What happened.'],
  request: [
    'text',
    'The journal of the event: a request (`req_`), a freeze (`frz_`), a person’s links (`lnk_`), or a fact of the whole system (`sys_`).',
  ],
  at: ['instant', 'The time, by the clock of the function that wrote the event.'],
  config: ['hash', 'The hash of the deployed config that was in effect.'],
  build: ['text', 'The version of the deployed code.'],
  caller: [
    'person',
    'The caller. Identity is issuer and subject; the name is for display only. A subject of more than 256 bytes is `sha256:` and its SHA-256.',
  ],
  by: ['person', 'The person or workload that acted. Absent if only time passed.'],
  profile: ['text', 'The requested profile.'],
  target: ['text', 'The target of the profile.'],
  terms: ['hash', 'The hash of the terms: everything that a session gets.'],
  justification: ['text', 'The justification.'],
  justificationHash: [
    'hash',
    'Replaces `justification` if the event has no room for it: its SHA-256. The `request.text` events after it hold the text.',
  ],
  of: ['text', 'What the text is: `justification`, or `subject`, whose digest is the subject of the caller.'],
  part: ['count', 'Which part of the text this is, from 1.'],
  parts: ['count', 'How many parts the text has.'],
  text: ['text', 'A part of the text. All parts together have the hash that the earlier event contains.'],
  ticket: ['text', 'The key of an issue that the request is for.'],
  extends: ['text', 'The ID of the request whose session this request continues.'],
  uses: ['count', 'How many sessions the request allows.'],
  window: ['count', 'The maximum length of the window, in seconds.'],
  expiresAt: [
    'instant',
    'When the pending request, the window of the grant, the session, its credentials, the freeze or the link expires.',
  ],
  startsAt: ['instant', 'The start of the window, if the requester chose one.'],
  unattendedAt: ['instant', 'When the request is approved by rule unless it is denied, cancelled or revoked before.'],
  needs: ['counts', 'How many people must approve, for each rule of the approval.'],
  rules: ['counts', 'The rules that this approval can count for, by their index in `needs`. It counts for one of them.'],
  source: ['text', 'The IP address of the caller; for Slack, `slack:` and the user.'],
  token: ['hash', 'The hash of the signed part of the token (header and payload), never the token; for Slack, of what Slack signed.'],
  trace: ['text', 'The trace ID of the HTTP response and of the log line.'],
  code: ['text', 'The problem code of the response.'],
  reason: ['text', 'The reason, for operators.'],
  cap: ['count', 'How many refusals per hour are recorded one by one.'],
  session: ['text', 'The ID of the session.'],
  sessionName: ['text', 'The role session name, as in CloudTrail.'],
  sourceIdentity: ['text', 'The source identity, as in CloudTrail.'],
  role: ['text', 'The ARN of the role to assume. Its path is `…` if the event has no room for it.'],
  callerHash: ['hash', 'Replaces `caller` if the event has no room for it: SHA-256 of the RFC 8785 form of `[issuer, subject]`.'],
  duration: ['count', 'The duration of the session, in seconds.'],
  renew: ['count', 'How long each set of credentials lasts, in seconds, if the session can be renewed.'],
  set: ['set', 'Names one set of credentials of the session, in all events of its renewal.'],
  endedBy: [
    'endedBy',
    'Who ended the session: its caller, an approver, a responder, or Stint because the role was deleted and created again.',
  ],
  credentialsExpireBy: [
    'instant',
    'When the last credentials of the session expire. Absent if none were issued. For a target with `revocation`, Stint also denies them at once.',
  ],
  everyEarlierSession: ['yes', 'The policy of the role was full, so all credentials that the role issued before the end are denied, too.'],
  durationAsked: ['yes', 'The caller chose the duration. Otherwise it is the profile’s default, and an approver’s limit shortens it.'],
  accessKeyId: ['text', 'The access key ID that AWS issued.'],
  assumedRoleArn: ['text', 'The ARN of the session.'],
  assumedRoleId: ['text', 'The unique ID of role and session.'],
  expiration: ['instant', 'The earlier of AWS’s expiration and `expiresAt`.'],
  awsRequestId: ['text', 'The request ID of the AWS response.'],
  packedPolicySize: ['count', 'The size of policy and tags, in percent of the AWS limit.'],
  sends: ['count', 'How often AssumeRole was sent. Each send may have created a session whose credentials never left Stint.'],
  channel: ['channel', 'The channel of the decision.'],
  comment: ['text', 'The comment on the decision.'],
  limits: ['limits', 'The limits that the approver set, or that the requester asked for.'],
  unattended: ['yes', 'Approved by rule after a delay, not by a person.'],
  scope: ['text', 'What is frozen: `all`, or `issuer#`, `profile#`, `target#`, `subject#` or `person#` with an ID.'],
  slack: ['text', 'A Slack user, as `workspace/user`.'],
  email: ['yes', 'Linked by the verified email address, as the config allows.'],
  operator: ['text', 'The operator who ran the command, as they named themselves.'],
  origin: ['text', 'The name (origin) of the log.'],
  vkey: ['text', 'The key that signs the log.'],
  epoch: ['instant', 'Requests made before this time do not vend.'],
} as const satisfies Record<string, readonly [Kind, string]>
type Member = keyof typeof members

type EventShape = {
  readonly says: string
  readonly has: readonly Member[]
  readonly may?: readonly Member[]
  /** Exactly one of the two. */
  readonly either?: readonly [Member, Member]
  /** Properties that an event of version 1 does not have. */
  readonly lacking?: readonly Member[]
  /** Properties that an event before version 4 does not have; `all`: events of this type began with version 4. */
  readonly new?: readonly Member[] | 'all'
}

const inAll = ['v', 'type', 'request', 'at', 'config'] as const satisfies readonly Member[]
const decision = ['by', 'channel', 'source', 'token'] as const satisfies readonly Member[]

export const eventTypes = {
  'request.created': {
    says: 'A request that needs no approval was created. It is granted by rule.',
    has: ['caller', 'profile', 'target', 'terms', 'uses', 'expiresAt'],
    may: ['justification', 'justificationHash', 'ticket'],
    new: ['justificationHash'],
  },
  'request.asked': {
    says: 'A request that needs approval was created.',
    has: ['caller', 'profile', 'target', 'terms', 'needs', 'uses', 'window', 'expiresAt'],
    may: ['justification', 'justificationHash', 'ticket', 'unattendedAt'],
    lacking: ['uses', 'window', 'expiresAt'],
    new: ['justificationHash'],
  },
  'request.received': {
    says: 'Further details of the request, written together with `request.asked`.',
    has: ['build', 'source', 'token', 'trace'],
    may: ['limits', 'startsAt', 'ticket', 'extends'],
    lacking: ['startsAt'],
    new: ['ticket', 'extends'],
  },
  'request.justified': {
    says: 'The requester gave another justification for the pending request.',
    has: ['by', 'source', 'token'],
    either: ['justification', 'justificationHash'],
    new: 'all',
  },
  'request.text': {
    says: 'A part of a text for which an earlier event of the same write has no room.',
    has: ['of', 'part', 'parts', 'text'],
    new: 'all',
  },
  'request.refused': {
    says: 'A verified caller was refused.',
    has: ['caller', 'profile', 'code', 'reason', 'source', 'token', 'trace'],
  },
  'request.refusals-capped': {
    says: 'The caller reached the cap of recorded refusals for this hour. Further refusals are only counted.',
    has: ['caller', 'cap'],
  },
  'approval.given': { says: 'An approver approved the request.', has: [...decision, 'rules'], may: ['comment', 'limits'] },
  'request.approved': { says: 'Every approval rule is fulfilled.', has: ['uses', 'expiresAt'], may: ['unattended'] },
  'request.denied': { says: 'An approver denied the request.', has: decision, may: ['comment'] },
  'request.cancelled': { says: 'The requester cancelled the pending request.', has: decision, may: ['comment'] },
  'request.revoked': { says: 'The request was revoked. No further session is vended.', has: decision, may: ['comment'] },
  'request.expired': { says: 'The request expired without a decision.', has: [] },
  'request.ended': { says: 'The window of the request has ended.', has: [] },
  'request.escalated': { says: 'The request was escalated to more approvers.', has: [] },
  'request.reminded': { says: 'The approvers or reviewers were reminded.', has: [] },
  'request.reviewed': {
    says: 'A person other than the requester reviewed the break-glass request.',
    has: ['by', 'comment', 'source', 'token'],
  },
  'request.erased': {
    says: 'A person’s data was erased. The content of all earlier events of this journal is gone; their positions and commitments stay.',
    has: ['operator', 'justification'],
  },
  'request.restored': {
    says: 'The item was restored from a backup that lacked part of this journal. The request is over, and the outcome of its open sessions is unknown.',
    has: ['operator'],
  },
  'request.retired': { says: 'The item is complete in the log and leaves the table. No event follows.', has: [] },
  'session.reserved': {
    says: 'The intent of a session. From here on Stint can call AWS.',
    has: ['session', 'terms', 'sessionName', 'role', 'duration', 'expiresAt', 'build', 'source', 'token', 'trace'],
    may: ['sourceIdentity', 'durationAsked', 'renew'],
    either: ['caller', 'callerHash'],
    lacking: ['terms', 'caller', 'callerHash', 'durationAsked'],
    new: ['renew'],
  },
  'session.issued': {
    says: 'Credentials were issued.',
    has: ['session', 'accessKeyId', 'assumedRoleArn', 'assumedRoleId', 'expiration', 'awsRequestId', 'packedPolicySize', 'sends'],
  },
  'session.failed': {
    says: 'No credentials were issued, and the use was returned.',
    has: ['session', 'code', 'reason', 'sends'],
    may: ['awsRequestId'],
  },
  'session.answer-dropped': {
    says: 'AWS returned a response that does not match the request. The credentials were dropped; a session may exist.',
    has: ['session', 'reason', 'sends'],
    may: ['awsRequestId'],
  },
  'session.abandoned': {
    says: 'The reservation was not completed in time. No credentials were issued, and the use was returned.',
    has: ['session'],
  },
  'session.renewal-reserved': {
    says: 'The intent of a new set of credentials for the session. From here on Stint can call AWS for it.',
    has: ['session', 'set', 'terms', 'expiresAt', 'build', 'source', 'token', 'trace'],
    either: ['caller', 'callerHash'],
    new: 'all',
  },
  'session.renewed': {
    says: 'A new set of credentials was issued. The session keeps its name, its source identity and its tags.',
    has: ['session', 'set', 'accessKeyId', 'assumedRoleId', 'expiration', 'awsRequestId', 'sends'],
    new: 'all',
  },
  'session.renewal-failed': {
    says: 'The renewal failed. The session and its other credentials stay as they are.',
    has: ['session', 'set', 'code', 'reason', 'sends'],
    may: ['awsRequestId'],
    new: 'all',
  },
  'session.renewal-abandoned': {
    says: 'The renewal was not completed in time. No credentials of it were issued.',
    has: ['session', 'set'],
    new: 'all',
  },
  'session.ended': {
    says: 'The session was ended before its time. It is not renewed again. If it had no credentials yet, its use was returned.',
    has: ['session', 'endedBy'],
    may: ['by', 'channel', 'credentialsExpireBy', 'everyEarlierSession', 'source', 'token'],
    new: 'all',
  },
  'token.used': {
    says: 'A single-use token renewed a session. It cannot renew again, or start a session of this profile by itself.',
    has: ['caller', 'session', 'source', 'token'],
    new: 'all',
  },
  'freeze.set': { says: 'Access was frozen.', has: ['scope', 'by', 'justification'], may: ['expiresAt'] },
  'freeze.release-asked': { says: 'The first of two people asked to release the freeze.', has: ['scope', 'by'] },
  'freeze.released': { says: 'The second person released the freeze.', has: ['scope', 'by'] },
  'freeze.deploy-released': { says: 'A deployment released the freeze.', has: ['scope', 'build'] },
  'link.pending': { says: 'A Slack user entered the code of a person.', has: ['by', 'slack', 'source', 'token'] },
  'link.made': {
    says: 'The Slack user was linked to the person.',
    has: ['by', 'slack', 'expiresAt', 'source', 'token'],
    may: ['email'],
  },
  'link.ended': { says: 'The link to the Slack user ended.', has: ['by', 'slack', 'reason'], may: ['source', 'token'] },
  'config.seen': { says: 'A deployed config was used for the first time.', has: ['build'] },
  'log.started': { says: 'The log started, or continues with another key.', has: ['origin', 'vkey'] },
  'table.restored': { says: 'The story table was restored from a backup and opened again.', has: ['build', 'epoch'] },
} as const satisfies Record<AuditEvent['type'], EventShape>

export type EventType = keyof typeof eventTypes

/** An event as it is read back, under the names of the current version: times are strings. */
export type ReadEvent = {
  readonly v: OlderVersion | typeof EVENT_VERSION
  readonly type: EventType
  readonly request: string
  readonly at: string
  readonly config: string
  readonly [member: string]: unknown
}

type Shape = { readonly has: readonly Member[]; readonly may: readonly Member[]; readonly either?: readonly Member[] }
/** The shapes of the types of one version. `without`: the properties that events of the type did not have, or `all` if it did not exist. */
const shapesOf = (without: (shape: EventShape) => readonly Member[] | 'all'): { readonly [type in EventType]?: Shape } =>
  Object.fromEntries(
    Object.entries(eventTypes).flatMap(([type, shape]: [string, EventShape]) => {
      const { has, may = [], either } = shape
      const lacks = without(shape)
      if (lacks === 'all') return []
      const had = (name: Member) => !lacks.includes(name)
      return [[type, { has: [...inAll, ...has.filter(had)], may: may.filter(had), ...(either?.every(had) ? { either } : {}) }]]
    }),
  )
const current = shapesOf(() => [])
const version3 = shapesOf(({ new: added = [] }) => added)
const version1 = shapesOf(({ new: added = [], lacking = [] }) => (added === 'all' ? 'all' : [...added, ...lacking]))
const shapes = { 1: version1, 2: version3, 3: version3, [EVENT_VERSION]: current } as const

/** Parses an event. Returns a string that says what is wrong if it is invalid. */
export function readEvent(text: string): ReadEvent | string {
  let event: unknown
  try {
    event = JSON.parse(text)
  } catch {
    return 'not JSON'
  }
  if (!isObject(event)) return 'not an object'
  if (event.v !== EVENT_VERSION && !isOlderVersion(event.v)) return 'of an unknown version'
  const named = isOlderVersion(event.v) ? withCurrentNames(event) : event
  const read = named ? checked(named) : 'with a name that its version does not have'
  // Only one string is canonical, so no property is duplicated or spelled differently.
  return typeof read === 'string' || isCanonicalJson(text, event) ? read : 'not in canonical form'
}

/** The event, if it has exactly the properties of its type and version. */
function checked(event: { readonly [member: string]: unknown }): ReadEvent | string {
  const shape = own(shapes[event.v as keyof typeof shapes], String(event.type))
  if (!shape) return 'of an unknown type'
  const { has, may, either } = shape
  let count = 0
  for (const name of has) {
    if (!Object.hasOwn(event, name)) return `without ${name}`
    count++
  }
  for (const name of may) if (Object.hasOwn(event, name)) count++
  if (either) {
    const given = either.filter((name) => Object.hasOwn(event, name)).length
    if (given !== 1) return given === 0 ? `without ${either[0]}` : `with both ${either.join(' and ')}`
    count++
  }
  if (Object.keys(event).length !== count) return 'with an unexpected property'
  for (const [name, value] of Object.entries(event)) {
    if (!kinds[members[name as Member][0]].fits(value)) return `with an invalid ${name}`
  }
  if (event.justification !== undefined && event.justificationHash !== undefined) return 'with both justification and justificationHash'
  return event as ReadEvent
}

/** The generated part of `docs/audit-events.md`. */
export function eventsPage(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const names = (list: readonly string[]) => list.map((name) => `\`${name}\``).join(' ')
  const types = Object.entries(eventTypes) as [string, EventShape][]
  const older = types.flatMap(([type, { lacking }]) => (lacking ? [`\`${type}\` lacks ${names(lacking)}`] : []))
  const added = types.flatMap(([type, { new: since = [] }]) =>
    since === 'all' ? [`\`${type}\``] : since.map((name) => `\`${name}\` in \`${type}\``),
  )
  return [
    `Every event has ${names(inAll)}.`,
    '',
    '| type | meaning | has | can have |',
    '| --- | --- | --- | --- |',
    ...types.map(([type, { says, has, may = [], either }]) => {
      const all = [names(has), ...(either ? [either.map((name) => `\`${name}\``).join(' or ')] : [])].join(' ')
      return `| \`${type}\` | ${cell(says)} | ${all} | ${names(may)} |`
    }),
    '',
    `Events of versions 1 to 3 are read and verified too. Version 4 added ${added.join(', ')}. In version 1, ${older.join(', ')}.`,
    '',
    '| property | meaning | form |',
    '| --- | --- | --- |',
    ...Object.entries(members).map(([name, [kind, says]]) => `| \`${name}\` | ${cell(says)} | ${cell(kinds[kind].says)} |`),
    '',
  ].join('\n')
}
