/**
 * What events hold: the one table that the auditor's page is made from and that `stint audit verify` holds every event to.
 * An event is the RFC 8785 text of a JSON object; unknown members and unknown types are no events. Events of version 1,
 * which older code wrote, are read too; where they lack something, `lacking` says so.
 */
import { parseIso } from '../instant.ts'
import { isCanonicalJson, isObject } from '../json.ts'
import { type AuditEvent, EVENT_VERSION } from './event.ts'
import { isOlderVersion, type OlderVersion, withCurrentNames } from './older-events.ts'

/** A form that a member has. */
const kinds = {
  text: { says: 'a text', fits: (value: unknown) => typeof value === 'string' },
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
  channel: { says: '`api`, `slack`, `web` or `cli`', fits: (value: unknown) => ['api', 'slack', 'web', 'cli'].includes(value as string) },
  yes: { says: '`true`', fits: (value: unknown) => value === true },
} as const
type Kind = keyof typeof kinds

/** What every member is, wherever it stands. */
const members = {
  v: ['count', 'The version of this schema: 3.'],
  type: ['text', 'What happened.'],
  request: [
    'text',
    'The journal it belongs to: a request (`req_`), a freeze (`frz_`), a person’s links (`lnk_`), or a fact of the whole system (`sys_`).',
  ],
  at: ['instant', 'When, by the clock of the function that wrote it.'],
  config: ['hash', 'The deployed config it was decided by.'],
  build: ['text', 'The deployed code.'],
  caller: ['person', 'Who asked. Identity is issuer and subject; the name is only shown.'],
  by: ['person', 'Who decided. Absent where time did.'],
  profile: ['text', 'The profile asked for.'],
  target: ['text', 'The target it leads into.'],
  terms: ['hash', 'The terms: everything a session gets.'],
  justification: ['text', 'The justification.'],
  ticket: ['text', 'What it is for, as an issue tracker names it.'],
  uses: ['count', 'How many sessions may be taken.'],
  window: ['count', 'Seconds from the start of the window to its end, at most.'],
  expiresAt: ['instant', 'When the pending request, the window of the grant, the session, the freeze or the link expires.'],
  startsAt: ['instant', 'The start of the window, where the requester chose one.'],
  unattendedAt: ['instant', 'From when on it is approved by rule, if nobody stops it.'],
  needs: ['counts', 'How many people must agree, for each rule of the approval.'],
  rules: ['counts', 'The rules, by their place in `needs`, that this agreement may count for: for one of them.'],
  source: ['text', 'The IP address of the caller; for Slack, `slack:` and the user.'],
  token: ['hash', 'What was signed of the token (header and payload), never the token; for Slack, what Slack signed.'],
  trace: ['text', 'The trace of the HTTP answer and of the log line.'],
  code: ['text', 'The problem code that was answered.'],
  reason: ['text', 'The reason, for the operator.'],
  cap: ['count', 'Refusals an hour that are written down one by one.'],
  session: ['text', 'The session.'],
  sessionName: ['text', 'The role session name, as CloudTrail has it.'],
  sourceIdentity: ['text', 'The source identity, as CloudTrail has it.'],
  role: ['text', 'The ARN of the role to be assumed; its path is `…` where the event has no room for it.'],
  callerHash: ['hash', 'In place of `caller` where the event has no room for it: SHA-256 of the RFC 8785 text of `[issuer, subject]`.'],
  duration: ['count', 'Seconds asked for.'],
  durationAsked: ['yes', 'The caller chose the duration. Otherwise it is the profile’s default, and an approver’s limit shortens it.'],
  accessKeyId: ['text', 'The access key ID that AWS gave out.'],
  assumedRoleArn: ['text', 'The ARN of the session.'],
  assumedRoleId: ['text', 'The unique id of role and session.'],
  expiration: ['instant', 'The earlier of AWS’s expiry and `expiresAt`.'],
  awsRequestId: ['text', 'The request ID of AWS’s answer.'],
  packedPolicySize: ['count', 'Percent of what AWS allows for policy and tags.'],
  sends: ['count', 'How often AssumeRole was sent: each may have left a session that never left Stint.'],
  channel: ['channel', 'Where it was decided.'],
  comment: ['text', 'What was said with it.'],
  limits: ['limits', 'What the approver shortened, or the requester is content with.'],
  unattended: ['yes', 'Approved by rule after its delay, and not by a person.'],
  scope: ['text', 'What is frozen: `all`, or `issuer#`, `profile#`, `target#`, `subject#`, `person#` and its name.'],
  slack: ['text', 'A Slack user, as `workspace/user`.'],
  email: ['yes', 'Linked by the e-mail that both sides know, as the config allows.'],
  operator: ['text', 'Who ran the command, in their own words.'],
  origin: ['text', 'The name of the log.'],
  vkey: ['text', 'The key that signs it.'],
  epoch: ['instant', 'What was asked for before it does not vend.'],
} as const satisfies Record<string, readonly [Kind, string]>
type Member = keyof typeof members

type EventShape = {
  readonly says: string
  readonly has: readonly Member[]
  readonly may?: readonly Member[]
  /** Exactly one of the two. */
  readonly either?: readonly [Member, Member]
  /** What an event of version 1 does not have. */
  readonly lacking?: readonly Member[]
}

const inAll = ['v', 'type', 'request', 'at', 'config'] as const satisfies readonly Member[]
const decision = ['by', 'channel', 'source', 'token'] as const satisfies readonly Member[]

export const eventTypes = {
  'request.created': {
    says: 'A request came into being that needs nobody’s agreement: granted by rule.',
    has: ['caller', 'profile', 'target', 'terms', 'uses', 'expiresAt'],
    may: ['justification', 'ticket'],
  },
  'request.asked': {
    says: 'A request came into being that waits for people.',
    has: ['caller', 'profile', 'target', 'terms', 'needs', 'uses', 'window', 'expiresAt'],
    may: ['justification', 'ticket', 'unattendedAt'],
    lacking: ['uses', 'window', 'expiresAt'],
  },
  'request.received': {
    says: 'With what it was asked.',
    has: ['build', 'source', 'token', 'trace'],
    may: ['limits', 'startsAt'],
    lacking: ['startsAt'],
  },
  'request.refused': {
    says: 'A verified caller was told no.',
    has: ['caller', 'profile', 'code', 'reason', 'source', 'token', 'trace'],
  },
  'request.refusals-capped': { says: 'The caller was refused so often this hour that more is only counted.', has: ['caller', 'cap'] },
  'approval.given': { says: 'An approver agreed.', has: [...decision, 'rules'], may: ['comment', 'limits'] },
  'request.approved': { says: 'Everybody that was needed has agreed.', has: ['uses', 'expiresAt'], may: ['unattended'] },
  'request.denied': { says: 'An approver said no.', has: decision, may: ['comment'] },
  'request.cancelled': { says: 'The requester no longer wants it.', has: decision, may: ['comment'] },
  'request.revoked': { says: 'It was withdrawn: nothing newer vends.', has: decision, may: ['comment'] },
  'request.expired': { says: 'Nobody decided in time.', has: [] },
  'request.ended': { says: 'Its window is over.', has: [] },
  'request.escalated': { says: 'More people were asked.', has: [] },
  'request.reminded': { says: 'People were reminded.', has: [] },
  'request.reviewed': { says: 'Somebody else reviewed the break-glass.', has: ['by', 'comment', 'source', 'token'] },
  'request.erased': {
    says: 'A person’s data went: all earlier events of this journal are gone, their places and commitments stay.',
    has: ['operator', 'justification'],
  },
  'request.restored': {
    says: 'Its item came back from a backup that lacked some of this journal: it is over, and of open sessions nobody knows.',
    has: ['operator'],
  },
  'request.retired': { says: 'The item leaves the table. Nothing follows.', has: [] },
  'session.reserved': {
    says: 'The intent: from here on AWS may be asked.',
    has: ['session', 'terms', 'sessionName', 'role', 'duration', 'expiresAt', 'build', 'source', 'token', 'trace'],
    may: ['sourceIdentity', 'durationAsked'],
    either: ['caller', 'callerHash'],
    lacking: ['terms', 'caller', 'callerHash', 'durationAsked'],
  },
  'session.issued': {
    says: 'Credentials left.',
    has: ['session', 'accessKeyId', 'assumedRoleArn', 'assumedRoleId', 'expiration', 'awsRequestId', 'packedPolicySize', 'sends'],
  },
  'session.failed': {
    says: 'Nothing left, and the use went back.',
    has: ['session', 'code', 'reason', 'sends'],
    may: ['awsRequestId'],
  },
  'session.answer-dropped': {
    says: 'AWS gave an answer that does not match the request. The credentials were dropped; a session may be alive.',
    has: ['session', 'reason', 'sends'],
    may: ['awsRequestId'],
  },
  'session.abandoned': { says: 'No record came in time: nothing left, and the use went back.', has: ['session'] },
  'freeze.set': { says: 'Access was frozen.', has: ['scope', 'by', 'justification'], may: ['expiresAt'] },
  'freeze.release-asked': { says: 'The first of two people asked for its release.', has: ['scope', 'by'] },
  'freeze.released': { says: 'The second released it.', has: ['scope', 'by'] },
  'freeze.deploy-released': { says: 'A deploy released it.', has: ['scope', 'build'] },
  'link.pending': { says: 'A Slack user typed the code that a person was given.', has: ['by', 'slack', 'source', 'token'] },
  'link.made': {
    says: 'The person confirmed it: the Slack user is theirs.',
    has: ['by', 'slack', 'expiresAt', 'source', 'token'],
    may: ['email'],
  },
  'link.ended': { says: 'The Slack user is no longer theirs.', has: ['by', 'slack', 'reason'], may: ['source', 'token'] },
  'config.seen': { says: 'A deployed config answered for the first time.', has: ['build'] },
  'log.started': { says: 'The log began, or goes on under another key.', has: ['origin', 'vkey'] },
  'table.restored': { says: 'The story table came back from a backup, and was opened again.', has: ['build', 'epoch'] },
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
const shapesWith = (shapeOf: (shape: EventShape) => Shape) =>
  Object.fromEntries(Object.entries(eventTypes).map(([type, shape]) => [type, shapeOf(shape)])) as Record<EventType, Shape>
const shapes = shapesWith(({ has, may = [], either }) => ({ has: [...inAll, ...has], may, ...(either ? { either } : {}) }))
const version1 = shapesWith(({ has, may = [], either, lacking = [] }) => {
  const had = (name: Member) => !lacking.includes(name)
  return { has: [...inAll, ...has.filter(had)], may: may.filter(had), ...(either?.every(had) ? { either } : {}) }
})

/** The event that a text is, or what keeps it from being one. */
export function readEvent(text: string): ReadEvent | string {
  let event: unknown
  try {
    event = JSON.parse(text)
  } catch {
    return 'not JSON'
  }
  if (!isObject(event)) return 'not an object'
  if (event.v !== EVENT_VERSION && !isOlderVersion(event.v)) return 'of a version that is not known'
  const current = isOlderVersion(event.v) ? withCurrentNames(event) : event
  const read = current ? checked(current) : 'with a name that its version does not have'
  // Only one text says the same: so no member is doubled or spelled otherwise.
  return typeof read === 'string' || isCanonicalJson(text, event) ? read : 'not in canonical form'
}

/** The event, if it has what its type and version demand and nothing else. */
function checked(event: { readonly [member: string]: unknown }): ReadEvent | string {
  if (typeof event.type !== 'string' || !Object.hasOwn(eventTypes, event.type)) return 'of a type that is not known'
  const { has, may, either } = (event.v === 1 ? version1 : shapes)[event.type as EventType]
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
  if (Object.keys(event).length !== count) return 'with a member that it cannot have'
  for (const [name, value] of Object.entries(event)) {
    if (!kinds[members[name as Member][0]].fits(value)) return `with a ${name} that is none`
  }
  return event as ReadEvent
}

/** `docs/audit-events.md`, between its heading and what people write. */
export function eventsPage(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const names = (list: readonly string[]) => list.map((name) => `\`${name}\``).join(' ')
  const types = Object.entries(eventTypes) as [string, EventShape][]
  const older = types.flatMap(([type, { lacking }]) => (lacking ? [`\`${type}\` lacks ${names(lacking)}`] : []))
  return [
    `Every event has ${names(inAll)}.`,
    '',
    '| type | says | has | may have |',
    '| --- | --- | --- | --- |',
    ...types.map(([type, { says, has, may = [], either }]) => {
      const all = [names(has), ...(either ? [either.map((name) => `\`${name}\``).join(' or ')] : [])].join(' ')
      return `| \`${type}\` | ${cell(says)} | ${all} | ${names(may)} |`
    }),
    '',
    `Events of version 1 are read and verified as well: there ${older.join(', ')}.`,
    '',
    '| member | is | form |',
    '| --- | --- | --- |',
    ...Object.entries(members).map(([name, [kind, says]]) => `| \`${name}\` | ${cell(says)} | ${cell(kinds[kind].says)} |`),
    '',
  ].join('\n')
}
