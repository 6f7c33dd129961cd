/**
 * Sessions that end at once: what is to be done is in the table before the ledger ends a session; a role's policy denies what has ended, as
 * long as its credentials work, and nothing else; no state says more than IAM did; in the end, nothing is left to do.
 */
import { COUNT, denyKey, PENDING_ENDS, pendingKey, pendingPrefix } from '@stint/broker/adapters/dynamodb/end-notes'
import { endsAtOnce } from '@stint/core/config/revoker'
import { END_SESSION_NAME, MAX_DENIED_SESSIONS } from '@stint/core/request/immediate-end'
import type { Iam } from '../iam.ts'
import type { Network } from '../network.ts'
import { PEOPLE } from '../people.ts'
import {
  freshEvents,
  type Item,
  isRequest,
  type Json,
  type MadeSession,
  numberOf,
  type Oracle,
  type OracleContext,
  type StoredSession,
  sessionsIn,
  stringOf,
  type Write,
} from './oracle.ts'

const SIDE = 'stint-side'
const ENDING = ['request.revoked', 'session.ended']
/** A call lasts no longer. */
const COUNTED_LATE_MS = 120_000
/** What `api` and `slack` read and write in the side table before they end a session. */
const NOTING = ['UpdateItem ENDS', 'Query ENDS', 'Query DENY', 'GetItem DENY', 'GetItem ENDS']

/**
 * A session as the ledger has it. `worksUntil`: when AWS or the session policy refuses the last credentials of it that can have left.
 * `issuedAt`: when AWS made the newest of these.
 */
type Known = {
  readonly roleArn: string
  readonly name: string
  readonly request: string
  worksUntil: number
  issuedAt: number
  ended: boolean
  /** Whether it ended because its credentials do not work any more. */
  isCut: boolean
}
/** Whom a policy denies. */
type Denied = { readonly suffixes: ReadonlySet<string>; readonly before: number; readonly isStrange: boolean }

export function immediateEndsOracle(context: OracleContext, iam: Iam, network: Network): Oracle {
  const { fault, reach, now, dynamo, releases, isRestoring, isLeaving } = context
  const sessions = new Map<string, Known>()
  const made = new Map<string, MadeSession>()
  /** By role: suffixes that had ended before the schedule began, and what IAM took and returned since. */
  const before = new Map<string, Set<string>>()
  const taken = new Map<string, Denied[]>()
  const returned = new Map<string, Denied[]>()
  /** Sessions whose caller chose to keep them if the policy is full, and the suffixes of those for which it was. */
  const [kept, exempt] = [new Set<string>(), new Set<string>()]
  /** The latest instant before which a caller wanted all credentials of a role denied; all such wishes, with the suffix of the session. */
  const earlier = new Map<string, number>()
  const wishes = new Map<string, { readonly last: string; readonly until: number }[]>()
  /** Ends that were not written down, because that failed. Their callers were not told that they are done. */
  const unnoted = new Set<string>()
  /** Calls of the API by what they did about an end. Those of Slack are not judged. */
  const [callsThatNoted, callsThatEnded, callsThatSent] = [new Set<string>(), new Set<string>(), new Set<string>()]
  /** Calls of responders that want every earlier session denied. */
  const wantEarlier = new Set<string>()
  let wasRefused = false

  for (const { roleArn } of Object.values(releases[0]?.targets ?? {})) {
    const document = iam.document(roleArn)
    if (document === undefined) continue
    const denied = deniedBy(document)
    before.set(roleArn, new Set(denied.suffixes))
    for (const all of [taken, returned]) all.set(roleArn, [denied])
  }

  /** The credentials of a session that are on record. AWS can have made others, which never left. */
  const recorded = ({ issued, renewed }: Item): readonly MadeSession[] =>
    [issued, renewed].flatMap((set) => made.get(stringOf(set?.M?.accessKeyId) ?? '') ?? [])
  const isDenied = ({ suffixes, before: until }: Denied, suffix: string): boolean =>
    suffixes.has(suffix) || (until > 0 && (sessions.get(suffix)?.issuedAt || Number.POSITIVE_INFINITY) < until)

  function judgeEnd(write: Write, { suffix, fields, state }: StoredSession, old: StoredSession | undefined): void {
    const request = write.id.slice(4)
    const roleArn = stringOf(fields.roleArn) ?? stringOf(write.after?.roleArn) ?? ''
    const known: Known = sessions.get(suffix) ?? {
      roleArn,
      request,
      name: stringOf(fields.sessionName) ?? '',
      worksUntil: 0,
      issuedAt: 0,
      ended: false,
      isCut: false,
    }
    sessions.set(suffix, known)
    const left = recorded(fields)
    // If its role was created again, its credentials work no more, AWS has told Stint so, and Stint ends the session.
    if (freshEvents(write).some((event) => event.session === `${request}.${suffix}` && event.endedBy === 'stint')) known.isCut = true
    known.worksUntil = known.isCut ? 0 : Math.max(0, ...left.map(endOf))
    known.issuedAt = Math.max(0, ...left.map(({ at }) => at))
    const isEnd = state === 'ended' || (state === 'issued' && stringOf(write.after?.state) === 'revoked')
    if (!isEnd || known.ended) return
    known.ended = true
    if (isKept(`${request}.${suffix}`, roleArn)) exempt.add(suffix)
    const target = stringOf(fields.target) ?? stringOf(write.after?.target) ?? ''
    const works = old?.state === 'issued' && known.worksUntil > now()
    if (!works || !releases[0] || !endsAtOnce(releases[0], { target, roleArn }) || exempt.has(suffix)) return
    reach('a session with working credentials ends at once')
    if (noteOf(roleArn, request)) return
    if (couldNotBeNoted()) unnoted.add(suffix)
    else fault('immediate-ends', `${request}.${suffix} ends, and no note says that its credentials are to be denied`)
  }
  /** A session is kept only if the policy has no room for it. What has expired a moment ago can have been counted. */
  const isKept = (session: string, roleArn: string): boolean => {
    const isCounted = ({ pk, sk, request, until }: Item) =>
      (pk?.S === denyKey(roleArn) && request !== undefined && (numberOf(until) ?? 0) > now() - COUNTED_LATE_MS) ||
      (pk?.S === PENDING_ENDS && sk?.S?.startsWith(pendingPrefix(roleArn)))
    return kept.has(session) && dynamo.items(SIDE).filter(isCounted).length >= MAX_DENIED_SESSIONS
  }
  /** Whether a read or write of a note was disturbed in the call that ends the session. A crash would have ended the call. */
  const couldNotBeNoted = () =>
    network.injected.some(
      ({ name, what, step }) => NOTING.includes(step) && name.startsWith(`${network.acting?.name}/`) && !what.startsWith('crash'),
    )
  const noteOf = (roleArn: string, request: string): Item | undefined => {
    const { pk, sk } = pendingKey({ roleArn, request } as never)
    return dynamo.item(SIDE, `${pk}\u0000${sk}`)
  }

  /** No state says more than IAM did. */
  function judgeRow({ after }: Write, roleArn: string): void {
    const [suffix, state] = [suffixOf(after), stringOf(after?.state)]
    const all = state === 'read-back' ? returned.get(roleArn) : state === 'written' ? taken.get(roleArn) : undefined
    if (state === 'full') reach('the policy of a role has no room for an end')
    if (all && !all.some((denied) => isDenied(denied, suffix))) fault('immediate-ends', `${suffix} is ${state}, and IAM never had it`)
    if (state === 'read-back') reach('an end is read back')
    if (state === 'written') reach('an end is written and not read back')
  }

  return {
    onAssume(session) {
      made.set(session.accessKeyId, session)
      const name = session.form.RoleSessionName
      for (const one of sessions.values())
        if (one.name === name && one.ended) reach('AWS makes credentials for a renewal whose session has just ended')
    },
    onRevoker({ form }) {
      const target = Object.values(releases[0]?.targets ?? {}).find(({ roleArn }) => form.RoleArn === `${roleArn}-revoker`)
      if (!target?.revocation || form.ExternalId !== target.externalId) fault('immediate-ends', `${form.RoleArn} is assumed`)
      if (form.RoleSessionName !== END_SESSION_NAME || !form.Policy?.includes(`"Resource":"${target?.roleArn}"`))
        fault('immediate-ends', 'a revoker is assumed with more permissions than it needs')
      if (wasRefused) reach('a revoker that was refused works again')
    },
    onLine(text) {
      if (text.includes('the revoker of ')) wasRefused = true
    },
    onPolicyPut({ roleArn, document, before: old }) {
      const denied = deniedBy(document)
      taken.set(roleArn, [...(taken.get(roleArn) ?? []), denied])
      if (denied.isStrange) fault('immediate-ends', `the policy of ${roleArn} denies something else: ${document.slice(0, 200)}`)
      for (const suffix of denied.suffixes) {
        const session = sessions.get(suffix)
        if (before.get(roleArn)?.has(suffix)) continue
        if (session?.roleArn !== roleArn) fault('immediate-ends', `${roleArn} denies ${suffix}, which is not a session of it`)
        else if (!session.ended) fault('immediate-ends', `${session.request}.${suffix} is denied, and has not ended`)
      }
      if (denied.before > (earlier.get(roleArn) ?? 0))
        fault('immediate-ends', `${roleArn} denies every earlier session, and no caller wanted it`)
      const isNew = denied.before > 0 && deniedBy(old ?? '{"Statement":[]}').before !== denied.before
      const wanted = (wishes.get(roleArn) ?? []).filter(({ until }) => Math.abs(until - denied.before) < 1000)
      if (isNew && !wanted.some(({ last }) => sessions.get(last)?.ended))
        fault('immediate-ends', `${roleArn} denies every earlier session, and the session that was to end with them did not`)
      if (denied.before > 0) reach('every earlier session of a role is denied')
      if (old === undefined) return
      const had = deniedBy(old)
      for (const [suffix, { worksUntil: until, roleArn: of, request }] of sessions)
        if (of === roleArn && until > now() && isDenied(had, suffix) && !isDenied(denied, suffix))
          fault('immediate-ends', `${request}.${suffix} was denied, and is not any more, though its credentials work`)
      if ([...had.suffixes].some((suffix) => !denied.suffixes.has(suffix))) reach('an expired session leaves the policy of its role')
    },
    onPolicyRead(roleArn, document) {
      returned.set(roleArn, [...(returned.get(roleArn) ?? []), deniedBy(document)])
    },
    onKept(session) {
      kept.add(session)
    },
    onWrite(write) {
      const { table, after } = write
      if (table === SIDE && after) {
        const [pk, roleArn] = [stringOf(after.pk) ?? '', stringOf(after.roleArn) ?? '']
        if (pk === 'ENDS') {
          if (!endsAtOnce(releases[0] as never, { target: stringOf(after.target) ?? '', roleArn }))
            fault('immediate-ends', `an end at ${roleArn} is noted, which has no revoker`)
          if (network.isAwaited) callsThatNoted.add(network.acting?.name ?? '')
          const [wanted, until] = [numberOf(write.before?.everyEarlier), numberOf(after.everyEarlier)]
          if (until !== undefined && until !== wanted && !wantEarlier.has(network.acting?.name ?? ''))
            fault('immediate-ends', `${roleArn} is to deny every earlier session, and no responder wanted it`)
          if (wanted !== undefined && (until ?? 0) < wanted) fault('immediate-ends', `${roleArn} is to deny less than was noted before`)
          if (until !== undefined && until !== wanted)
            wishes.set(roleArn, [...(wishes.get(roleArn) ?? []), { last: (stringOf(after.last) ?? '').replace(/^.*\./, ''), until }])
          earlier.set(roleArn, Math.max(earlier.get(roleArn) ?? 0, until ?? 0))
        }
        const session = sessions.get(suffixOf(after))
        if (pk.startsWith('DENY#') && session) judgeRow(write, session.roleArn)
      }
      if (!isRequest(write) || !after || isRestoring(write) || isLeaving()) return
      if (network.isAwaited && freshEvents(write).some(({ type }) => ENDING.includes(type))) callsThatEnded.add(network.acting?.name ?? '')
      const old = new Map(sessionsIn(write.before).map((one) => [one.suffix, one]))
      for (const one of sessionsIn(after)) judgeEnd(write, one, old.get(one.suffix))
    },
    onEarlierWanted(call, subject) {
      if (PEOPLE[subject]?.groups.includes('responders')) wantEarlier.add(call)
    },
    onMessage(call) {
      callsThatSent.add(call)
    },
    onAnswered({ id, path }, { status, json }) {
      const isSent = callsThatSent.has(id) || network.injected.some(({ name, step }) => step === 'SendMessage' && name.startsWith(`${id}/`))
      if (callsThatNoted.has(id) && callsThatEnded.has(id) && status === 200 && !isSent)
        fault('immediate-ends', `${id} noted an end, and sent no message about it`)
      const [, revoked] = /^\/requests\/(req_\w+)\/revoke$/.exec(path) ?? []
      if (status === 200 && json.state === 'revoked')
        for (const [suffix, { request }] of sessions) if (request === revoked) unnoted.delete(suffix)
      const [, session, suffix = ''] = /^\/sessions\/(req_\w+\.(\w+))(?:\?|$)/.exec(path) ?? []
      if (session === undefined || status !== 200 || json.immediateEnd === undefined) return
      reach(`an end is answered as ${json.immediateEnd}`)
      const all = returned.get(sessions.get(suffix)?.roleArn ?? '') ?? []
      if (json.immediateEnd === 'read-back' && !all.some((denied) => isDenied(denied, suffix)))
        fault('immediate-ends', `${session} is answered as read back, and IAM never had it`)
      // Its caller was told, so it is to be done.
      unnoted.delete(suffix)
    },
    whenEndsAreCarriedOut() {
      const rows = new Map(dynamo.items(SIDE).flatMap((item) => (item.pk?.S?.startsWith('DENY#') ? [[suffixOf(item), item]] : [])))
      const full = new Set([...rows.values()].flatMap((row) => (stringOf(row.state) === 'full' ? [stringOf(row.request)] : [])))
      for (const item of dynamo.items(SIDE))
        if (item.pk?.S === 'ENDS' && !full.has(stringOf(item.request)))
          fault('liveness', `the end of ${stringOf(item.request)} is still to be carried out`)
      // A count that arrives late can be that of an earlier run.
      for (const { pk, sk, count } of dynamo.items(SIDE))
        if (pk?.S?.startsWith('DENY#') && sk?.S === COUNT && !network.injected.some(({ step }) => step === 'PutItem DENY')) {
          const live = dynamo.items(SIDE).filter((row) => row.pk?.S === pk.S && row.request && (numberOf(row.until) ?? 0) > now()).length
          if ((numberOf(count) ?? 0) < live) fault('immediate-ends', `${pk.S} has ${live} ended sessions, and counts ${numberOf(count)}`)
        }
      for (const item of dynamo.items('stint'))
        for (const { suffix, state } of sessionsIn(item)) {
          const known = sessions.get(suffix)
          const hasEnded = state === 'ended' || (state === 'issued' && stringOf(item.state) === 'revoked')
          if (!known || !hasEnded || !known.ended || known.worksUntil <= now() || unnoted.has(suffix)) continue
          const { roleArn, request } = known
          if (!endsAtOnce(releases[0] as never, { target: stringOf(item.target) ?? '', roleArn })) continue
          if (exempt.has(suffix) && !rows.has(suffix)) continue
          const row = stringOf(rows.get(suffix)?.state)
          const document = iam.document(roleArn)
          const denies = document !== undefined && isDenied(deniedBy(document), suffix)
          if (row !== 'full' && !(row === 'read-back' && denies))
            fault(
              'immediate-ends',
              `${request}.${suffix} has ended, its credentials work, and it is ${row}${denies ? '' : ', and not denied'}`,
            )
          else reach(`in the end, an ended session is ${row}`)
        }
    },
  }
}

/** Rows of `DENY#` are named by the suffix of their session, and by its request if another session has that. */
const suffixOf = (row: Item | undefined): string => (stringOf(row?.sk) ?? '').replace(/\..*$/, '')

/** When credentials stop working: at AWS's own expiration, or before it by the session policy. */
function endOf(session: MadeSession): number {
  const policy = /"aws:CurrentTime":"([^"]+)"/.exec(session.form.Policy ?? '')?.[1]
  return Math.min(
    session.at + Number(session.form.DurationSeconds) * 1000,
    policy === undefined ? Number.POSITIVE_INFINITY : Date.parse(policy),
  )
}

function deniedBy(document: string): Denied {
  const statements: readonly Json[] = JSON.parse(document).Statement
  const conditions = statements.map(({ Condition }) => Condition as Json)
  const names = conditions.flatMap(({ StringLike }) => (StringLike?.['aws:userid'] ?? []) as string[])
  const times = conditions.flatMap(({ DateLessThan }) => Date.parse(DateLessThan?.['aws:TokenIssueTime'] ?? '') || [])
  const isKnown = ({ Effect, Condition }: Json) =>
    Effect === 'Deny' && Object.keys(Condition ?? {}).length === 1 && (Condition.StringLike?.['aws:userid'] || Condition.DateLessThan)
  return {
    suffixes: new Set(names.map((name) => name.slice(2))),
    before: Math.max(0, ...times),
    isStrange: !statements.every(isKnown) || names.some((name) => !/^\*\.[0-9a-z]{8}$/.test(name)),
  }
}
