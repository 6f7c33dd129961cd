/**
 * Stories that can have happened, and stories that cannot: as somebody who can write the table could make Stint ship them, or as a fault in
 * Stint's own code would. `stories.test.ts` ships them and verifies the log. `story-rules.test.ts` checks them against the rules alone.
 */
import { freezeIdOf } from '@stint/core/access/freeze'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import type { Journaled } from '@stint/core/audit/journal-item'
import { linkId } from '@stint/core/identity/link'
import { newRequestId } from '@stint/core/ids'
import { seconds, wholeSecond } from '@stint/core/instant'
import { bytes, requestId, START } from '../support/memory-log.ts'

// ── Honest stories ───────────────────────────────────────────────────────────────────────────────────────────────────

type Told = { readonly type: AuditEvent['type']; readonly at: number; readonly [member: string]: any }
export type Story = { readonly id: string; readonly events: readonly Told[] }

const MINUTE = seconds(60)
const hash = 'a'.repeat(64)
const person = (name: string) => ({ issuer: 'people', subject: `sub-${name}`, name, kind: 'human' })
const [dana, alex, kim] = [person('Dana'), person('Alex'), person('Kim')]
const job = { issuer: 'ci', subject: 'job', name: 'job', kind: 'workload' }
const came = { source: '203.0.113.7', token: hash }
const facts = { ...came, build: 'test', trace: 'f'.repeat(32) }
const what = { caller: dana, profile: 'orders-db', target: 'prod', terms: hash }
const ROLE = 'arn:aws:iam::111122223333:role/stint/Orders'
export const HOUR = 60 * MINUTE

const intent = (id: string, suffix: string, at: number, more: object = {}): Told => ({
  type: 'session.reserved',
  at,
  session: `${id}.${suffix}`,
  caller: dana,
  terms: hash,
  sessionName: `Dana-${id}.${suffix}`,
  role: ROLE,
  sourceIdentity: 'acme.dana',
  duration: 900,
  expiresAt: wholeSecond(at) + 900_000,
  ...facts,
  ...more,
})
let keys = 0
const issue = (id: string, suffix: string, at: number, more: object = {}): Told => ({
  type: 'session.issued',
  at: at + 500,
  session: `${id}.${suffix}`,
  accessKeyId: `ASIA${String(++keys).padStart(16, 'X')}`,
  assumedRoleArn: `arn:aws:sts::111122223333:assumed-role/Orders/Dana-${id}.${suffix}`,
  assumedRoleId: `AROAEXAMPLE:Dana-${id}.${suffix}`,
  expiration: wholeSecond(at) + 900_000,
  awsRequestId: 'x',
  packedPolicySize: 10,
  sends: 1,
  ...more,
})
const fail = (id: string, suffix: string, at: number, more: object = {}): Told => ({
  ...{ type: 'session.failed', at: at + 500, session: `${id}.${suffix}`, code: 'sts-throttled', reason: 'slow', sends: 1, ...more },
})

const drop = (id: string, suffix: string, at: number, more: object = {}): Told => ({
  ...{ type: 'session.answer-dropped', at: at + 400, session: `${id}.${suffix}`, reason: 'another role', sends: 1, ...more },
})
const abandon = (id: string, suffix: string, at: number): Told => ({ type: 'session.abandoned', at, session: `${id}.${suffix}` })

/** Granted by rule, and used at once. */
const byRule = (n: number, id: string = requestId(n), at = START + n * MINUTE): Story => ({
  id,
  events: [
    { type: 'request.created', at, ...what, uses: 1, expiresAt: at + 90_000 },
    intent(id, 'aaaaaaaa', at),
    issue(id, 'aaaaaaaa', at),
  ],
})
/** Asked of people for two uses of a day, approved after a minute with an hour, 20 minutes each, and used twice. */
const byPeople = (n: number, id: string = requestId(n)): Story => {
  const at = START + n * MINUTE
  const [approved, first, second] = [at + MINUTE, at + 2 * MINUTE, at + 10 * MINUTE]
  return {
    id,
    events: [
      { type: 'request.asked', at, ...what, needs: [1], justification: 'an incident', uses: 2, window: 86_400, expiresAt: at + HOUR },
      { type: 'request.received', at, ...facts, limits: { duration: 1800 } },
      { type: 'approval.given', at: approved, by: alex, channel: 'api', rules: [0], limits: { window: 3600, duration: 1200 }, ...came },
      { type: 'request.approved', at: approved, uses: 2, expiresAt: approved + HOUR },
      intent(id, 'aaaaaaaa', first),
      issue(id, 'aaaaaaaa', first),
      intent(id, 'bbbbbbbb', second, { durationAsked: true }),
      issue(id, 'bbbbbbbb', second),
    ],
  }
}
const ALL = { id: freezeIdOf('all'), scope: 'all' }
const frozen = (at: number, more: object = {}): Story => ({
  id: ALL.id,
  events: [{ type: 'freeze.set', at, scope: 'all', by: kim, justification: 'a drill', ...more }],
})
/** A freeze of one scope, set at the given time, and what follows in its journal. */
const frozenScope = (scope: string, at: number, ...more: readonly Told[]): Story => ({
  id: freezeIdOf(scope),
  events: [{ type: 'freeze.set', at, scope, by: kim, justification: 'a drill' }, ...more.map((event) => ({ ...event, scope }))],
})
const releaseAsked = (who: object, at: number): Told => ({ type: 'freeze.release-asked', at, scope: 'all', by: who })
const released = (who: object, at: number): Told => ({ type: 'freeze.released', at, scope: 'all', by: who })
const deployReleased = (at: number): Told => ({ type: 'freeze.deploy-released', at, scope: 'all', build: 'test' })
const linked = (at: number, who = dana, slack = 'T1/U1'): Story => ({
  id: linkId(who),
  events: [
    { type: 'link.pending', at, by: who, slack, ...came },
    { type: 'link.made', at: at + MINUTE, by: who, slack, expiresAt: at + MINUTE + 90 * 24 * HOUR, ...came },
    { type: 'link.ended', at: at + HOUR, by: who, slack, reason: 'unlinked' },
  ],
})
/** Alex's link, one minute after `at`. */
const linkedAlex = (at: number, slack = 'T1/U2'): Story => first(linked(at, alex, slack), 2)
/** Approved by Alex in Slack, two minutes after the start. */
const inSlack = (slack = 'T1/U2'): Story => first(but(byPeople(1), 2, { channel: 'slack', source: `slack:${slack}` }), 4)

// ── How they are changed ─────────────────────────────────────────────────────────────────────────────────────────────

type Members = { readonly [member: string]: unknown }
const merged = (event: Told, more: Members | ((event: Told) => Members)): Told => ({
  ...event,
  ...(typeof more === 'function' ? more(event) : more),
})
/** The story with other members in its event `seq`. */
const but = (story: Story, seq: number, more: Members | ((event: Told) => Members)): Story => ({
  ...story,
  events: story.events.map((event, at) => (at === seq ? merged(event, more) : event)),
})
const and = (story: Story, ...more: readonly Told[]): Story => ({ ...story, events: [...story.events, ...more] })
const first = (story: Story, count: number): Story => ({ ...story, events: story.events.slice(0, count) })
const without = (story: Story, ...seqs: readonly number[]): Story => ({
  ...story,
  events: story.events.filter((_, seq) => !seqs.includes(seq)),
})
const by = (type: Told['type'], who: object, at: number): Told => ({ type, at, by: who, channel: 'api', ...came })
const otherName = (name: string) => (event: Told) => ({ sessionName: `${name}-${event.session}` })
/** AWS's answer in accord with another name. */
const answered = (name: string) => (event: Told) => ({
  assumedRoleArn: `arn:aws:sts::111122223333:assumed-role/Orders/${name}-${event.session}`,
  assumedRoleId: `AROAEXAMPLE:${name}-${event.session}`,
})
const end = (duration: number) => (event: Told) => ({ duration, expiresAt: wholeSecond(event.at) + seconds(duration) })
const until = (duration: number) => (event: Told) => ({ expiration: wholeSecond(event.at) + seconds(duration) })
/** The wall clock when event `seq` of the story happened, and the time since. */
const later = (story: Story, seq: number, ms: number) => (story.events[seq]?.at ?? 0) + ms

/** What was told before of a journal is what it begins with. */
export function journalOf({ id, events: all }: Story, before?: Journaled): Journaled {
  const events = all.slice(before?.events.length ?? 0)
  const told = events.map((event) =>
    journalEntry({ ...event, request: id } as unknown as AuditEvent, { random: bytes, configHash: 'c'.repeat(64) }),
  )
  return { request: id, events: [...(before?.events ?? []), ...told], about: {} }
}

// ── Stories that can have happened ───────────────────────────────────────────────────────────────────────────────────

const over = (story: Story): Story => {
  const at = later(story, -1 + story.events.length, 2 * HOUR)
  return and(story, { type: 'request.ended', at }, { type: 'request.retired', at: at + HOUR })
}
const third = byPeople(3)
const [chosen, windowed] = [START + 10 * HOUR, byPeople(4)]

/** Nine seconds before the approval. */
const early = (story: Story) => later(story, 3, -9000)

/** What happened, and the journals. */
export const possible: readonly (readonly [string, readonly Story[]])[] = [
  ['by rule and by people', [byRule(1), byPeople(2)]],
  ['to their end', [over(byPeople(2))]],
  [
    'a denial, a cancellation, an expiry',
    [
      and(first(byPeople(1), 2), by('request.denied', alex, later(byPeople(1), 0, MINUTE))),
      and(first(byPeople(2), 2), by('request.cancelled', dana, later(byPeople(2), 0, MINUTE))),
      and(first(third, 2), { type: 'request.expired', at: later(third, 0, HOUR) }),
    ],
  ],
  [
    'a chosen start',
    [
      first(
        but(
          but(but(but(windowed, 1, { startsAt: chosen }), 3, { expiresAt: chosen + HOUR }), 4, {
            at: chosen,
            expiresAt: chosen + 900_000,
          }),
          5,
          {
            at: chosen + 1,
            expiration: chosen + 900_000,
          },
        ),
        6,
      ),
    ],
  ],
  ['a default that an approver shortened', [but(but(first(byPeople(1), 6), 4, end(3600)), 5, until(1200))]],
  [
    'failed, abandoned and tried again',
    [
      and(
        first(byPeople(1), 5),
        fail(requestId(1), 'aaaaaaaa', later(byPeople(1), 4, 0)),
        intent(requestId(1), 'cccccccc', later(byPeople(1), 4, MINUTE)),
        { type: 'session.abandoned', at: later(byPeople(1), 4, MINUTE + 90_001), session: `${requestId(1)}.cccccccc` },
      ),
    ],
  ],
  ['a freeze before and after', [byRule(1), frozen(START + 5 * MINUTE, { expiresAt: START + 30 * MINUTE }), byRule(40)]],
  [
    'a freeze that is released after a session of which it tells later',
    [
      frozen(START),
      byRule(40),
      and(
        first(frozen(START), 1),
        { type: 'freeze.release-asked', at: START + 10 * MINUTE, scope: 'all', by: kim },
        { type: 'freeze.released', at: START + 11 * MINUTE, scope: 'all', by: alex },
      ),
    ],
  ],
  [
    'freezes that a deploy released, and sessions and decisions afterwards',
    [
      ...['all', 'profile#orders-db', 'target#prod', 'issuer#people', 'subject#people#sub-Dana', 'subject#people#sub-Alex'].map((scope) =>
        frozenScope(scope, START - HOUR, deployReleased(START - 10 * MINUTE)),
      ),
      byRule(1),
      byPeople(2),
    ],
  ],
  [
    'a freeze that a deploy released after a session of which it tells later',
    [
      frozenScope('all', START),
      byRule(40),
      frozenScope('all', START, deployReleased(START + 10 * MINUTE)),
      frozenScope('all', START, deployReleased(START + 10 * MINUTE), {
        type: 'freeze.set',
        at: START + HOUR,
        by: kim,
        scope: '',
        justification: 'x',
      }),
    ],
  ],
  [
    'a freeze that a deploy released after one person had asked for it, and that two people released the next time',
    [
      frozenScope(
        'all',
        START,
        releaseAsked(kim, START + MINUTE),
        deployReleased(START + 2 * MINUTE),
        { type: 'freeze.set', at: START + 3 * MINUTE, by: kim, scope: '', justification: 'x' },
        releaseAsked(alex, START + 4 * MINUTE),
        released(kim, START + 5 * MINUTE),
      ),
    ],
  ],
  [
    'freezes that stop sessions and leave decisions alone',
    [
      ...['all', 'profile#orders-db', 'target#prod'].map((scope) => frozenScope(scope, START - HOUR)),
      frozenScope('profile#other', START - HOUR, releaseAsked(dana, START + HOUR), released(alex, START + HOUR)),
      first(byPeople(1), 4),
    ],
  ],
  [
    'a person who is frozen: whose identities they are, only the config says',
    [frozenScope('person#Dana', START - HOUR), frozenScope('person#people#sub-Dana', START - HOUR), byRule(1), byPeople(2)],
  ],
  [
    'freezes of others, and of those who ask and approve before and after',
    [
      frozenScope('subject#ci#sub-Dana', START - HOUR),
      frozenScope('issuer#ci', START - HOUR),
      frozenScope('subject#people#sub-Robin', START - HOUR),
      byPeople(1),
      frozenScope(
        'subject#people#sub-Alex',
        START + 5 * MINUTE,
        releaseAsked(dana, START + 30 * MINUTE),
        released(kim, START + 31 * MINUTE),
      ),
      frozenScope('subject#people#sub-Dana', START + 20 * MINUTE, deployReleased(START + 30 * MINUTE)),
      byPeople(40),
    ],
  ],
  [
    'what frozen people may do: deny, cancel, revoke and freeze',
    [
      frozenScope('subject#people#sub-Alex', START - HOUR),
      frozenScope('subject#people#sub-Kim', START - HOUR),
      and(first(byPeople(1), 2), by('request.denied', alex, later(byPeople(1), 0, MINUTE))),
      and(byRule(2), by('request.revoked', alex, later(byRule(2), 2, MINUTE))),
      frozenScope('profile#other', START),
    ],
  ],
  [
    'an approval beside the freeze of its approver, by clocks that differ',
    [frozenScope('subject#people#sub-Alex', START + 2 * MINUTE - 59_000), byPeople(1)],
  ],
  [
    'an approval beside the end of a freeze, by clocks that differ',
    [frozenScope('subject#people#sub-Alex', START - HOUR, deployReleased(START + 2 * MINUTE + 59_000)), byPeople(1)],
  ],
  [
    'an answer that was dropped, abandoned, and tried again',
    [
      and(
        first(byPeople(1), 5),
        drop(requestId(1), 'aaaaaaaa', later(byPeople(1), 4, 0)),
        abandon(requestId(1), 'aaaaaaaa', later(byPeople(1), 4, 90_001)),
        intent(requestId(1), 'cccccccc', later(byPeople(1), 4, 2 * MINUTE)),
        issue(requestId(1), 'cccccccc', later(byPeople(1), 4, 2 * MINUTE)),
      ),
    ],
  ],
  [
    'an answer that was dropped although the request was revoked meanwhile',
    [
      and(
        first(byRule(1), 2),
        by('request.revoked', dana, later(byRule(1), 1, 300)),
        drop(requestId(1), 'aaaaaaaa', later(byRule(1), 1, 0)),
        abandon(requestId(1), 'aaaaaaaa', later(byRule(1), 1, 90_001)),
      ),
    ],
  ],
  ['a link', [linked(START)]],
  ['an approval in Slack, by an approver who is linked', [linkedAlex(START - HOUR), inSlack()]],
  ['an approval in Slack, whose link was shipped later', [inSlack(), linkedAlex(START - HOUR)]],
  ['an approval in Slack just before the link ends', [linked(START - 58 * MINUTE, alex, 'T1/U2'), inSlack()]],
  ['a request made in Slack right after linking', [linked(START - MINUTE), first(but(byPeople(1), 1, { source: 'slack:T1/U1' }), 2)]],
  ['an id that states its time', [byRule(1, newRequestId(START + MINUTE, bytes))]],
  ['clocks that differ by less than a minute', [but(byRule(1), 2, (event) => ({ at: event.at }))]],
  [
    'a call that began before the approval, and reserved after it',
    [first(but(byPeople(1), 4, { at: early(byPeople(1)), expiresAt: wholeSecond(early(byPeople(1))) + 900_000 }), 5)],
  ],
  ['a review', [and(byPeople(1), { type: 'request.reviewed', at: later(byPeople(1), 7, HOUR), by: alex, comment: 'fine', ...came })]],
]

// ── Stories that cannot have happened ────────────────────────────────────────────────────────────────────────────────

const one = requestId(1)
const at = (seq: number) => `event ${one}/${seq}`
const people = byPeople(1)
const rule = byRule(1)
const otherTerms = 'b'.repeat(64)

/** What happened, the journals, where it is found and by which words. */
type Impossible = readonly [string, readonly Story[], string, string]
export const impossible: readonly Impossible[] = [
  // Whose it is, and on which terms.
  [
    'an approved request is handed to another caller',
    [but(people, 4, { caller: alex, sessionName: `Alex-${one}.aaaaaaaa` })],
    at(4),
    'reserved for a caller other than the requester',
  ],
  [
    'a granted request is handed to another caller',
    [but(rule, 1, { caller: { ...dana, issuer: 'ci' } })],
    at(1),
    'reserved for a caller other than the requester',
  ],
  [
    'a session is reserved on other terms',
    [but(people, 4, { terms: otherTerms })],
    at(4),
    'reserved on terms other than those of the request',
  ],
  [
    'a session of a granted request is reserved on other terms',
    [but(rule, 1, { terms: otherTerms })],
    at(1),
    'reserved on terms other than those of the request',
  ],
  // What AWS is asked for.
  [
    'the second session enters another role',
    [but(people, 6, { role: ROLE.replace('Orders', 'Admin') })],
    at(6),
    'reserved for another role than the session before it',
  ],
  [
    'a role that its target does not have',
    [byRule(2), but(rule, 1, { role: ROLE.replace('Orders', 'Admin') })],
    at(1),
    'reserved for a role that its target does not have',
  ],
  [
    'a role that is in another account',
    [byRule(2), but(rule, 1, { role: ROLE.replace('1111', '4444') })],
    at(1),
    'reserved for a role that its target does not have',
  ],
  [
    'the second session has another source identity',
    [but(people, 6, { sourceIdentity: 'acme.alex' })],
    at(6),
    'reserved with another source identity than the session before it',
  ],
  [
    'the source identity of somebody else',
    [byRule(2), but(rule, 1, { sourceIdentity: 'acme.alex' })],
    at(1),
    'reserved with a source identity that differs from other sessions on its terms',
  ],
  [
    'no source identity where there was one',
    [byRule(2), but(rule, 1, { sourceIdentity: undefined })],
    at(1),
    'reserved with a source identity that differs from other sessions on its terms',
  ],
  [
    'the session name of somebody else',
    [but(but(rule, 1, otherName('Alex')), 2, answered('Alex'))],
    at(1),
    'reserved under a session name that is not its own',
  ],
  [
    'a session name that only begins like the caller',
    [but(but(rule, 1, otherName('Danae')), 2, answered('Danae'))],
    at(1),
    'reserved under a session name that is not its own',
  ],
  [
    'the session name of another session',
    [but(rule, 1, { sessionName: `Dana-${one}.bbbbbbbb` })],
    at(1),
    'reserved under a session name that is not its own',
  ],
  [
    'a session name that AWS does not take',
    [but(rule, 1, otherName('D'.repeat(25)))],
    at(1),
    'reserved under a session name that is not its own',
  ],
  // How long.
  [
    'an end that is later than start and duration',
    [but(rule, 1, (event) => ({ expiresAt: event.expiresAt + 1000 }))],
    at(1),
    'reserved with an end that is not start plus duration',
  ],
  [
    'an end that is sooner',
    [but(rule, 1, (event) => ({ expiresAt: event.expiresAt - 1000 }))],
    at(1),
    'reserved with an end that is not start plus duration',
  ],
  ['a session of no time', [but(rule, 1, end(0))], at(1), 'reserved for less than 60 s'],
  ['a duration above the approver’s limit', [but(people, 6, end(1201))], at(6), 'reserved for longer than its limits allow'],
  [
    'a duration above what the requester wished for',
    [but(but(people, 2, { limits: {} }), 6, end(1801))],
    at(6),
    'reserved for longer than its limits allow',
  ],
  [
    'credentials that outlive the approver’s limit',
    [but(but(people, 4, end(3600)), 5, until(1201))],
    at(5),
    'issued for longer than its limits allow',
  ],
  ['credentials that outlive what was reserved', [but(rule, 2, until(901))], at(2), 'issued beyond the reserved end'],
  [
    'credentials that had expired',
    [but(rule, 2, (event) => ({ expiration: event.at }))],
    at(2),
    'issued with credentials that had already expired',
  ],
  // When.
  [
    'issued ten minutes after it was reserved',
    [but(rule, 2, (event) => ({ at: event.at + 10 * MINUTE }))],
    at(2),
    'issued more than 90 s after it was reserved',
  ],
  ['issued before it was reserved', [but(rule, 2, (event) => ({ at: event.at - 1000 }))], at(2), 'issued before it was reserved'],
  [
    'failed ten minutes after it was reserved',
    [and(first(rule, 2), fail(one, 'aaaaaaaa', later(rule, 1, 10 * MINUTE)))],
    at(2),
    'failed more than 90 s after it was reserved',
  ],
  [
    'abandoned while AWS may still be asked',
    [and(first(rule, 2), { type: 'session.abandoned', at: later(rule, 1, 80_000), session: `${one}.aaaaaaaa` })],
    at(2),
    'abandoned less than 90 s after it was reserved',
  ],
  [
    'time runs an hour backwards',
    [and(first(people, 6), by('request.revoked', alex, later(people, 5, -HOUR)))],
    at(6),
    'dated 3600 s before an event that precedes it',
  ],
  [
    'time runs backwards between a session and its revocation',
    [and(rule, by('request.revoked', dana, later(rule, 2, -181_000)))],
    at(3),
    'dated 181 s before an event that precedes it',
  ],
  [
    'an id that states another day',
    [
      byRule(
        1,
        newRequestId(START - 24 * HOUR, () => new Uint8Array(10)),
      ),
    ],
    `event ${newRequestId(START - 24 * HOUR, () => new Uint8Array(10))}/0`,
    'created at a time other than that in its ID',
  ],
  [
    'a session before the start that was chosen',
    [but(but(people, 1, { startsAt: later(people, 0, 30 * MINUTE) }), 3, { expiresAt: later(people, 0, 90 * MINUTE) })],
    at(4),
    'reserved before its window began',
  ],
  [
    'a session before the approval',
    [but(people, 4, (event) => ({ at: event.at - 90_000, expiresAt: wholeSecond(event.at - 90_000) + 900_000 }))],
    at(4),
    'reserved before its window began',
  ],
  // What AWS answered.
  [
    'the ARN of another role',
    [but(rule, 2, (event) => ({ assumedRoleArn: event.assumedRoleArn.replace('Orders', 'Admin') }))],
    at(2),
    'issued with an ARN that does not match its role and session name',
  ],
  [
    'the ARN of another account',
    [but(rule, 2, (event) => ({ assumedRoleArn: event.assumedRoleArn.replace('1111', '4444') }))],
    at(2),
    'issued with an ARN that does not match its role and session name',
  ],
  [
    'the ARN of another partition',
    [but(rule, 2, (event) => ({ assumedRoleArn: event.assumedRoleArn.replace('arn:aws:', 'arn:aws-cn:') }))],
    at(2),
    'issued with an ARN that does not match its role and session name',
  ],
  [
    'the ARN of another session',
    [but(rule, 2, (event) => ({ assumedRoleArn: event.assumedRoleArn.replace('Dana-', 'Alex-') }))],
    at(2),
    'issued with an ARN that does not match its role and session name',
  ],
  [
    'the role ID of another session',
    [but(rule, 2, (event) => ({ assumedRoleId: event.assumedRoleId.replace('Dana-', 'Alex-') }))],
    at(2),
    'issued with a role ID of another session',
  ],
  [
    'one access key in two sessions',
    [but(byRule(2), 2, { accessKeyId: 'ASIAEXAMPLEEXAMPLE00' }), but(rule, 2, { accessKeyId: 'ASIAEXAMPLEEXAMPLE00' })],
    at(2),
    'issued with the access key of other credentials',
  ],
  [
    'one access key in two sessions of one request',
    [but(but(people, 5, { accessKeyId: 'ASIAEXAMPLEEXAMPLE01' }), 7, { accessKeyId: 'ASIAEXAMPLEEXAMPLE01' })],
    at(7),
    'issued with the access key of other credentials',
  ],
  [
    'the access key of a user',
    [but(rule, 2, { accessKeyId: 'AKIAEXAMPLEEXAMPLE00' })],
    at(2),
    'issued with an access key ID that is not that of a session',
  ],
  ['AssumeRole was sent three times', [but(rule, 2, { sends: 3 })], at(2), 'issued after 3 sends of AssumeRole; the maximum is 2'],
  ['AssumeRole was never sent', [but(rule, 2, { sends: 0 })], at(2), 'issued although AssumeRole was not sent'],
  ['a policy that AWS refuses', [but(rule, 2, { packedPolicySize: 101 })], at(2), 'issued with a policy that exceeds the AWS limit'],
  // What people decided.
  [
    'an approval after the request had expired',
    [
      but(
        but(people, 0, (event) => ({ expiresAt: event.at + MINUTE })),
        2,
        (event) => ({ at: event.at - 1 }),
      ),
    ],
    at(3),
    'approved after it had expired',
  ],
  [
    'a decision after the request had expired',
    [but(first(people, 3), 0, (event) => ({ expiresAt: event.at + MINUTE }))],
    at(2),
    'approved after it had expired',
  ],
  [
    'an unattended approval after the request had expired',
    [
      and(
        but(first(people, 2), 0, (event) => ({ unattendedAt: event.at + HOUR })),
        { type: 'request.approved', at: later(people, 0, HOUR), uses: 1, expiresAt: later(people, 0, HOUR), unattended: true },
      ),
    ],
    at(2),
    'approved after it had expired',
  ],
  [
    'an expiry before its time',
    [and(first(people, 2), { type: 'request.expired', at: later(people, 0, HOUR - 1) })],
    at(2),
    'expired before its time',
  ],
  [
    'a request that had expired when it was asked',
    [but(first(people, 2), 0, (event) => ({ expiresAt: event.at }))],
    at(0),
    'expired before it was asked',
  ],
  ['more uses than were asked for', [but(people, 3, { uses: 3 })], at(3), 'approved for more uses than were asked for'],
  [
    'more uses than an approver allowed',
    [but(people, 2, (event) => ({ limits: { ...event.limits, uses: 1 } }))],
    at(3),
    'approved for more uses than its limits allow',
  ],
  [
    'a longer window than was asked for',
    [but(but(people, 2, { limits: {} }), 3, (event) => ({ expiresAt: event.at + 24 * HOUR + 1 }))],
    at(3),
    'approved for a longer window than was asked for',
  ],
  [
    'a longer window than an approver allowed',
    [but(people, 3, (event) => ({ expiresAt: event.at + HOUR + 1 }))],
    at(3),
    'approved for a longer window than its limits allow',
  ],
  ['an approver adds uses', [but(people, 2, { limits: { uses: 3 } })], at(2), 'approved with limits that are wider than the request'],
  [
    'an approver lengthens the window',
    [but(people, 2, { limits: { window: 86_401 } })],
    at(2),
    'approved with limits that are wider than the request',
  ],
  [
    'an approval by a rule that there is not',
    [but(people, 2, { rules: [1] })],
    at(2),
    'approved under a rule that the request does not have',
  ],
  ['an approval by no rule', [but(people, 2, { rules: [] })], at(2), 'approved under a rule that the request does not have'],
  [
    'a request of which nobody knows how it was asked',
    [without(people, 1)],
    at(1),
    'asked without the request.received event that belongs to it',
  ],
  ['wishes that were received twice', [and(first(people, 2), people.events[1] as Told)], at(2), 'received twice'],
  ['denied by a job', [and(first(people, 2), by('request.denied', job, later(people, 2, 0)))], at(2), 'denied by a workload'],
  [
    'revoked by a job that did not ask',
    [and(rule, by('request.revoked', job, later(rule, 2, 0)))],
    at(3),
    'revoked by a workload that did not ask for it',
  ],
  [
    'reviewed by a job',
    [and(people, { type: 'request.reviewed', at: later(people, 7, 0), by: job, comment: 'x', ...came })],
    at(8),
    'reviewed by a workload',
  ],
  [
    'reviewed twice',
    [and(people, ...[1, 2].map((n) => ({ type: 'request.reviewed', at: later(people, 7, n), by: alex, comment: 'x', ...came }) as const))],
    at(9),
    'reviewed twice',
  ],
  [
    'reviewed though nobody was let in',
    [
      and(first(people, 2), by('request.denied', alex, later(people, 2, 0)), {
        type: 'request.reviewed',
        at: later(people, 2, 1),
        by: kim,
        comment: 'x',
        ...came,
      }),
    ],
    at(3),
    'reviewed although access was never approved',
  ],
  // Its end.
  [
    'retired while credentials live',
    [and(rule, { type: 'request.retired', at: later(rule, 1, 91_000) })],
    at(3),
    'request.retired while its credentials were still valid',
  ],
  [
    'erased while credentials live',
    [and(rule, { type: 'request.erased', at: later(rule, 1, 91_000), operator: 'x', justification: 'y' })],
    at(3),
    'request.erased while its credentials were still valid',
  ],
  // Freezes and links.
  ['a session while all access was frozen', [frozen(START - HOUR), rule], at(2), 'issued while all access was frozen'],
  [
    'a session before the release',
    [
      and(
        frozen(START - HOUR),
        { type: 'freeze.release-asked', at: START + HOUR, scope: 'all', by: kim },
        { type: 'freeze.released', at: START + HOUR, scope: 'all', by: alex },
      ),
      rule,
    ],
    at(2),
    'issued while all access was frozen',
  ],
  [
    'a session before the freeze’s end, which a later one did not bring forward',
    [
      and(frozen(START - HOUR, { expiresAt: START + HOUR }), {
        type: 'freeze.set',
        at: START - MINUTE,
        scope: 'all',
        by: kim,
        justification: 'again',
        expiresAt: START,
      }),
      rule,
    ],
    at(2),
    'issued while all access was frozen',
  ],
  ...(['profile#orders-db', 'target#prod', 'issuer#people', 'subject#people#sub-Dana'] as const).map(
    (scope) =>
      [
        `a session while ${scope} was frozen`,
        [{ id: freezeIdOf(scope), events: [{ type: 'freeze.set', at: START - HOUR, scope, by: kim, justification: 'x' }] }, rule],
        at(2),
        `issued while ${scope} was frozen`,
      ] as const,
  ),
  ...(['subject#people#sub-Alex', 'issuer#people'] as const).map(
    (scope) =>
      [
        `an approval while ${scope} was frozen`,
        [{ ...frozenScope(scope, START) }, but(but(people, 0, { caller: job }), 2, (event) => ({ at: event.at + MINUTE }))].map(
          (story, nr) => (nr === 1 ? first(story, 3) : story),
        ),
        at(2),
        `approved while ${scope} was frozen`,
      ] as const,
  ),
  [
    'an approval before the deploy released its approver',
    [frozenScope('subject#people#sub-Alex', START - HOUR, deployReleased(START + HOUR)), people],
    at(2),
    'approved while subject#people#sub-Alex was frozen',
  ],
  ...(['subject#people#sub-Dana', 'issuer#people'] as const).map(
    (scope) =>
      [
        `asked while ${scope} was frozen`,
        [frozenScope(scope, START - HOUR), first(people, 2)],
        at(0),
        `asked while ${scope} was frozen`,
      ] as const,
  ),
  [
    'a session before the deploy released it',
    [frozenScope('all', START - HOUR, deployReleased(START + HOUR)), rule],
    at(2),
    'issued while all access was frozen',
  ],
  [
    'a session after a freeze that was set once more after a deploy had released it',
    [
      frozenScope('target#prod', START - 3 * HOUR, deployReleased(START - 2 * HOUR), {
        type: 'freeze.set',
        at: START - HOUR,
        scope: '',
        by: kim,
        justification: 'again',
      }),
      rule,
    ],
    at(2),
    'issued while target#prod was frozen',
  ],
  [
    'a release by somebody who is frozen',
    [
      frozenScope('subject#people#sub-Alex', START - HOUR),
      frozenScope('all', START, releaseAsked(kim, START + MINUTE), released(alex, START + 2 * MINUTE)),
    ],
    `event ${ALL.id}/2`,
    'released while subject#people#sub-Alex was frozen',
  ],
  [
    'a release that somebody who is frozen asked for',
    [frozenScope('subject#people#sub-Alex', START - HOUR), frozenScope('all', START, releaseAsked(alex, START + MINUTE))],
    `event ${ALL.id}/1`,
    'release asked for while subject#people#sub-Alex was frozen',
  ],
  [
    'a frozen person releases their own freeze',
    [frozenScope('subject#people#sub-Alex', START, releaseAsked(kim, START + 2 * MINUTE), released(alex, START + 3 * MINUTE))],
    `event ${freezeIdOf('subject#people#sub-Alex')}/2`,
    'released while subject#people#sub-Alex was frozen',
  ],
  [
    'a frozen person asks for the release of their own freeze',
    [frozenScope('subject#people#sub-Alex', START, releaseAsked(alex, START + 2 * MINUTE), released(kim, START + 2 * MINUTE))],
    `event ${freezeIdOf('subject#people#sub-Alex')}/1`,
    'release asked for while subject#people#sub-Alex was frozen',
  ],
  [
    'a release by one person alone',
    [frozenScope('all', START, releaseAsked(kim, START + MINUTE), released(kim, START + 2 * MINUTE))],
    `event ${ALL.id}/2`,
    'released without two people',
  ],
  [
    'a release that nobody asked for',
    [frozenScope('all', START, released(kim, START + 2 * MINUTE))],
    `event ${ALL.id}/1`,
    'released without two people',
  ],
  [
    'a deploy releases what is not frozen',
    [frozenScope('all', START, deployReleased(START + MINUTE), deployReleased(START + 2 * MINUTE))],
    `event ${ALL.id}/2`,
    'freeze.deploy-released where the journal is released',
  ],
  [
    'a deploy releases what was never frozen',
    [{ id: ALL.id, events: [deployReleased(START)] }],
    `event ${ALL.id}/0`,
    'freeze.deploy-released where the journal is new',
  ],
  [
    'a deploy releases another freeze',
    [{ id: ALL.id, events: [...frozen(START).events, { ...deployReleased(START + MINUTE), scope: 'profile#orders-db' }] }],
    `event ${ALL.id}/1`,
    'a freeze of another scope than that of this journal',
  ],
  [
    'two people release what a deploy had released',
    [frozenScope('all', START, releaseAsked(kim, START + MINUTE), deployReleased(START + 2 * MINUTE), released(alex, START + 3 * MINUTE))],
    `event ${ALL.id}/3`,
    'freeze.released where the journal is released',
  ],
  // Answers that did not fit.
  [
    'an answer is dropped without an intent',
    [{ ...rule, events: [rule.events[0] as Told, drop(one, 'aaaaaaaa', START + MINUTE)] }],
    at(1),
    'session.answer-dropped without an open intent before it',
  ],
  [
    'an answer is dropped after its session was issued',
    [and(rule, drop(one, 'aaaaaaaa', later(rule, 2, 0)))],
    at(3),
    'session.answer-dropped without an open intent before it',
  ],
  [
    'an answer is dropped after its session had failed',
    [and(first(rule, 2), fail(one, 'aaaaaaaa', later(rule, 1, 0)), drop(one, 'aaaaaaaa', later(rule, 1, 200)))],
    at(3),
    'session.answer-dropped without an open intent before it',
  ],
  [
    'an answer is dropped after its session was abandoned',
    [and(first(rule, 2), abandon(one, 'aaaaaaaa', later(rule, 1, 90_001)), drop(one, 'aaaaaaaa', later(rule, 1, 90_001)))],
    at(3),
    'session.answer-dropped without an open intent before it',
  ],
  [
    'issued after its answer was dropped',
    [and(first(rule, 2), drop(one, 'aaaaaaaa', later(rule, 1, 0)), rule.events[2] as Told)],
    at(3),
    'issued after its answer was dropped',
  ],
  [
    'two answers are dropped',
    [and(first(rule, 2), drop(one, 'aaaaaaaa', later(rule, 1, 0)), drop(one, 'aaaaaaaa', later(rule, 1, 0)))],
    at(3),
    'dropped twice',
  ],
  [
    'an answer is dropped to a question that was never sent',
    [and(first(rule, 2), drop(one, 'aaaaaaaa', later(rule, 1, 0), { sends: 0 }))],
    at(2),
    'dropped although AssumeRole was not sent',
  ],
  [
    'an answer is dropped ten minutes after it was reserved',
    [and(first(rule, 2), drop(one, 'aaaaaaaa', later(rule, 1, 10 * MINUTE)))],
    at(2),
    'dropped more than 90 s after it was reserved',
  ],
  [
    'a use is taken although an answer was only dropped',
    [and(first(rule, 2), drop(one, 'aaaaaaaa', later(rule, 1, 0)), intent(one, 'bbbbbbbb', later(rule, 1, MINUTE)))],
    at(3),
    'reserved without a use left',
  ],
  [
    'a freeze in the journal of another',
    [but(frozen(START), 0, { scope: 'profile#orders-db' })],
    `event ${ALL.id}/0`,
    'a freeze of another scope than that of this journal',
  ],
  [
    'a link that was confirmed after ten minutes',
    [
      but(
        but(linked(START), 1, (event) => ({ at: event.at + 9 * MINUTE, expiresAt: event.expiresAt + 9 * MINUTE })),
        2,
        {},
      ),
    ],
    `event ${linkId(dana)}/1`,
    'linked more than 600 s after the code was entered',
  ],
  [
    'a link for a year',
    [but(linked(START), 1, (event) => ({ expiresAt: event.at + 365 * 24 * HOUR }))],
    `event ${linkId(dana)}/1`,
    'linked for other than 90 days',
  ],
  [
    'a link of somebody else',
    [but(linked(START), 1, { by: alex })],
    `event ${linkId(dana)}/1`,
    'a link of another person than that of this journal',
  ],
  [
    'the end of another link',
    [but(linked(START), 2, { slack: 'T1/U2' })],
    `event ${linkId(dana)}/2`,
    'unlinked from a Slack user who was not linked',
  ],
  // Bounds that no config and no caller can leave.
  [
    'a request that needs nobody',
    [but(first(people, 2), 0, { needs: [0] })],
    at(0),
    'asked for a number of approvers that no config can have',
  ],
  [
    'a request that needs eleven',
    [but(first(people, 2), 0, { needs: [11] })],
    at(0),
    'asked for a number of approvers that no config can have',
  ],
  [
    'an unattended approval before its request',
    [but(first(people, 2), 0, (event) => ({ unattendedAt: event.at - HOUR }))],
    at(0),
    'asked with an unattended approval that no config can have',
  ],
  [
    'an unattended approval after the request expires',
    [but(first(people, 2), 0, (event) => ({ unattendedAt: event.at + 2 * HOUR }))],
    at(0),
    'asked with an unattended approval that no config can have',
  ],
  ['5,000 uses by rule', [but(rule, 0, { uses: 5000 })], at(0), 'granted more uses than a request can have'],
  ['no use by rule', [first(but(rule, 0, { uses: 0 }), 1)], at(0), 'granted no use'],
  ['approved for no use', [first(but(people, 3, { uses: 0 }), 4)], at(3), 'granted no use'],
  [
    'a grant that ends before it starts',
    [
      first(
        but(rule, 0, (event) => ({ expiresAt: event.at })),
        1,
      ),
    ],
    at(0),
    'granted with an end before its start',
  ],
  [
    'an approval that ends before it starts',
    [
      first(
        but(people, 3, (event) => ({ expiresAt: event.at - 1 })),
        4,
      ),
    ],
    at(3),
    'granted with an end before its start',
  ],
  [
    'a request that waits for a year',
    [but(first(people, 2), 0, (event) => ({ expiresAt: event.at + 365 * 24 * HOUR }))],
    at(0),
    'asked to wait longer than 45 days',
  ],
  [
    'a window that begins in a year',
    [but(first(people, 2), 1, (event) => ({ startsAt: event.at + 365 * 24 * HOUR }))],
    at(1),
    'asked for a start more than 7 days ahead',
  ],
  ['a session of twelve hours', [but(but(rule, 1, end(43_200)), 2, until(43_200))], at(1), 'reserved for more than 3600 s'],
  [
    'a role ID that AWS does not give',
    [but(rule, 2, (event) => ({ assumedRoleId: `not an id:Dana-${event.session}` }))],
    at(2),
    'issued with a role ID of another session',
  ],
  [
    'a failure after an answer was dropped',
    [and(first(rule, 2), drop(one, 'aaaaaaaa', later(rule, 1, 0)), fail(one, 'aaaaaaaa', later(rule, 1, 0)))],
    at(3),
    'failed after its answer was dropped',
  ],
  [
    'tried without end',
    [
      and(
        first(rule, 1),
        ...Array.from({ length: 22 }, (_, n) => `${String(n).padStart(7, 'a')}z`).flatMap((suffix) => [
          intent(one, suffix, later(rule, 0, 0)),
          fail(one, suffix, later(rule, 0, 0)),
        ]),
      ),
    ],
    at(43),
    'reserved after 21 failed attempts',
  ],
  // Who, and how.
  [
    'an approval long after the last approver',
    [
      first(
        but(people, 3, (event) => ({ at: event.at + 30 * MINUTE, expiresAt: event.expiresAt + 30 * MINUTE })),
        4,
      ),
    ],
    at(3),
    'approved at a time other than that of its last approval',
  ],
  [
    'an approval over the API that came from Slack',
    [first(but(people, 2, { source: 'slack:T1/U1' }), 4)],
    at(2),
    'approval.given over api with the source of another channel',
  ],
  ['a freeze that a workload set', [but(frozen(START), 0, { by: job })], `event ${ALL.id}/0`, 'freeze.set by a workload'],
  [
    'a freeze that workloads release',
    [
      {
        ...frozen(START),
        events: [...frozen(START).events, releaseAsked(job, START + MINUTE), released({ ...job, subject: 'other' }, START + 2 * MINUTE)],
      },
    ],
    `event ${ALL.id}/2`,
    'freeze.released by a workload',
  ],
  [
    'a freeze that ends before it starts',
    [frozen(START, { expiresAt: START - 1 })],
    `event ${ALL.id}/0`,
    'set with an end before its start',
  ],
  [
    'a requester and an approver of one issuer, of two kinds',
    [first(but(people, 2, { by: { ...job, kind: 'human' } }), 3), but(byRule(7), 0, { caller: { ...job, kind: 'workload' } })].map(
      (story, n) => (n === 0 ? story : first(story, 1)),
    ),
    `event ${requestId(7)}/0`,
    'the issuer ci has callers of two kinds in one config',
  ],
  [
    'the terms of another profile',
    [byRule(2), first(but(rule, 0, { profile: 'another' }), 1)],
    at(0),
    'on terms of another profile, target or number of uses',
  ],
  [
    'the terms of another target',
    [byRule(2), first(but(rule, 0, { target: 'another' }), 1)],
    at(0),
    'on terms of another profile, target or number of uses',
  ],
  // In Slack.
  ...(
    [
      ['an approval by a Slack user who was never linked', []],
      ['an approval by a Slack user who is linked to another person', [first(linked(START - HOUR, kim, 'T1/U2'), 2)]],
      ['an approval by a person who is linked to another Slack user', [linkedAlex(START - HOUR, 'T1/U3')]],
      ['an approval in Slack before the link', [linkedAlex(START + HOUR)]],
      ['an approval in Slack within minutes of the link', [linkedAlex(START - 5 * MINUTE)]],
      ['an approval in Slack after the link ended', [linked(START - 2 * HOUR, alex, 'T1/U2')]],
      ['an approval in Slack after the link expired', [linkedAlex(START - 91 * 24 * HOUR)]],
    ] as const
  ).map(([name, before]) => [name, [...before, inSlack()], at(2), 'by a Slack user who was not linked to this person'] as const),
  [
    'a request made by a Slack user who was never linked',
    [first(but(people, 1, { source: 'slack:T1/U1' }), 2)],
    at(1),
    'by a Slack user who was not linked to this person',
  ],
]

const future = newRequestId(START + 3 * 365 * 24 * HOUR, bytes)
/** Impossible by what does not follow in the rest of the log, or by the clock of the verifier. */
export const impossibleAtTheEnd: readonly Impossible[] = [
  [
    'a request that still waits, of which nobody knows how it was asked',
    [first(people, 1), byRule(60)],
    at(0),
    'no request.received event follows, although one belongs to it',
  ],
  [
    'a request that still waits, without its justification',
    [but(first(people, 2), 0, { justification: 'an incident '.repeat(40) }), byRule(60)],
    at(1),
    'no request.text event follows, although one belongs to it',
  ],
  ['tomorrow', [byRule(1, future, START + 3 * 365 * 24 * HOUR)], `event ${future}/2`, 'dated in the future'],
]
