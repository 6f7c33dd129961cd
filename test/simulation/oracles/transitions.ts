/**
 * Every change of state is in the table of transitions and has its event; what identifies a request never changes; journals only grow.
 * Invariants 4 and 8: who approved, counted by trying every assignment; terms are those of a deployed config.
 */
import { isDeepStrictEqual } from 'node:util'
import { requestTransitions } from '@stint/core/request/machine'
import type { Network } from '../network.ts'
import { PEOPLE, personOf } from '../people.ts'
import {
  freshEvents,
  type Item,
  isRequest,
  type Json,
  numberOf,
  type Oracle,
  type OracleContext,
  sessionsIn,
  stringOf,
  type Write,
} from './oracle.ts'

const IDENTITY = [
  'id',
  'createdAt',
  'caller',
  'person',
  'profile',
  'target',
  'roleArn',
  'terms',
  'termsHash',
  'callerKey',
  'triggeredBy',
  'at',
  'dayKey',
  'unattendedAt',
]
const STATE_EVENTS: Readonly<Record<string, string>> = {
  approved: 'request.approved',
  denied: 'request.denied',
  cancelled: 'request.cancelled',
  revoked: 'request.revoked',
  expired: 'request.expired',
  ended: 'request.ended',
}
/** What changes without an event: where an item stands in an index, and when it may leave the table. */
const QUIET = ['events', 'openKey', 'openAt', 'openSession', 'expires', 'version', 'workKey', 'dueKey', 'dueAt', 'dayKey', 'at']

export function transitionsOracle(context: OracleContext, network: Network): Oracle {
  const { fault, reach, now, skewMs, releases, isLeaving, isRestoring } = context
  /** By its text: the call that wrote an event. A clock that stands still lets two calls link, or set a freeze, at the same instant. */
  const writers = new Map<string, string | undefined>()

  function judgeJournal({ id, before, after, operation }: Write): void {
    if (!after) return
    const [old, all] = [before?.events?.L ?? [], after.events?.L ?? []]
    if (after.erased?.BOOL && !before?.erased?.BOOL) {
      const last = all.at(-1)?.M?.event?.S
      // An item that has left the table comes back as its skeleton.
      if (before && all.length !== old.length + 1)
        fault('journal', `${id} is erased, and had ${old.length} events, of which it keeps ${all.length - 1}`)
      if (all.slice(0, -1).some((entry) => !entry.M?.commit) || !last?.includes('"type":"request.erased"'))
        fault('journal', `${id} is erased, and keeps more than commitments`)
      return
    }
    for (const [at, entry] of old.entries())
      if (entry.M?.event?.S !== all[at]?.M?.event?.S) {
        fault('journal', `${id}: event ${at} is changed or gone after ${operation}`)
        return
      }
    const known = new Set(old.map((entry) => entry.M?.event?.S))
    const fresh = all.slice(old.length).map((entry) => entry.M?.event?.S ?? '')
    for (const text of fresh) {
      const isOfAnother = !id.startsWith('REQ#') && writers.get(text) !== network.acting?.name
      if (known.has(text) && !isOfAnother)
        fault('journal', `${id} has the same event twice: ${text === '' ? 'erased' : JSON.parse(text).type}`)
      if (!id.startsWith('REQ#')) writers.set(text, network.acting?.name)
    }
    // A link keeps codes and pending users that the audit log does not name.
    if (id.startsWith('LINK#')) return
    const core = (item: Item | undefined) =>
      JSON.stringify(
        Object.entries(item ?? {})
          .filter(([name]) => !QUIET.includes(name))
          .sort(),
      )
    if (fresh.length === 0 && core(before) !== core(after)) fault('journal', `${id} changes without an event, by ${operation}`)
  }

  function judgeApproval(id: string, after: Item, fresh: readonly Json[]): void {
    const approved = fresh.find((event) => event.type === 'request.approved')
    const deployed = releases.find(({ hash }) => hash === approved?.config)?.profiles.find(stringOf(after.profile) ?? '')?.approval
    const terms = JSON.parse(stringOf(after.terms) as string) as Json
    if (!sameApproval(deployed, terms.approval)) fault('config', `${id} is approved under other rules than those it was made under`)
    if (fresh.some((event) => event.type === 'request.approved' && event.unattended)) {
      reach('approved unattended')
      if (now() < (numberOf(after.unattendedAt) ?? 0) - 2 * skewMs) fault('approval', `${id} is approved unattended before its time`)
      return
    }
    const [approvedAt, expiresAt] = [Date.parse(approved?.at), numberOf(after.expiresAt) ?? 0]
    if (!(approvedAt < expiresAt)) fault('approval', `${id} is approved at ${approvedAt}, and it expired at ${expiresAt}`)
    const requester = stringOf(after.caller?.M?.subject) ?? ''
    const isNext = approved?.config === releases[1]?.hash
    const ofPerson = (subject: string) => personOf(subject, isNext)
    const subjects = [...new Set((after.approvals?.L ?? []).map((one) => stringOf(one.M?.approver?.M?.subject) ?? ''))]
    for (const subject of subjects) {
      if (ofPerson(subject) === ofPerson(requester) || (stringOf(after.triggeredBy) ?? '').includes(ofPerson(subject)))
        fault('approval', `${id}: ${subject} approved their own request`)
      if (!PEOPLE[subject]) fault('approval', `${id}: ${subject} is not a person`)
    }
    const rules = terms.approval?.rules ?? []
    const seats: Json[] = rules.flatMap((rule: Json) => Array.from({ length: rule.count }, () => rule))
    const persons = [...new Set(subjects.map(ofPerson))]
    const opens = (person: string, { by, escalateTo = [] }: Json): boolean =>
      subjects.some((subject) => ofPerson(subject) === person && [...by, ...escalateTo].some((who: Json) => matches(subject, who)))
    const fits = (seat: number, used: ReadonlySet<string>): boolean =>
      seat === seats.length ||
      persons.some((person) => !used.has(person) && opens(person, seats[seat]) && fits(seat + 1, new Set([...used, person])))
    if (!fits(0, new Set())) fault('approval', `${id} is approved by ${subjects.join(', ') || 'no one'}`)
  }

  return {
    onWrite(write) {
      const { id, before, after, table } = write
      if (table !== 'stint' || isRestoring(write)) return
      judgeJournal(write)
      if (!isRequest(write) || !after || after.erased?.BOOL || isLeaving()) return
      const [was, state] = [stringOf(before?.state), stringOf(after.state) ?? '']
      if (state === 'refused' || stringOf(after.terms) === undefined) return
      for (const name of IDENTITY)
        if (before?.[name] !== undefined && JSON.stringify(before[name]) !== JSON.stringify(after[name]))
          fault('journal', `${id}: ${name} changes`)
      const fresh = freshEvents(write)
      if (was !== undefined && was !== state) {
        const legal = Object.values(requestTransitions[was as 'pending']).some((to) => (to as readonly string[]).includes(state))
        if (!legal) fault('journal', `${id}: ${was} → ${state}`)
        if (!fresh.some((event) => event.type === STATE_EVENTS[state]))
          fault('journal', `${id}: ${was} → ${state} without ${STATE_EVENTS[state]}`)
      }
      if (was !== state) reach(`request ${was ?? 'new'} → ${state}`)
      for (const event of fresh) reach(`event ${event.type} in ${state}`)
      const terms = JSON.parse(stringOf(after.terms) as string) as Json
      if (was === undefined) {
        if (!releases.some((rules) => sameApproval(rules.profiles.find(terms.profile)?.approval, terms.approval)))
          fault('config', `${id} has an approval of no config`)
        if (state === 'approved' && terms.approval) fault('approval', `${id} is approved by rule, though ${terms.profile} needs approval`)
      }
      if (was === 'pending' && state === 'approved') judgeApproval(id, after, fresh)
      if (sessionsIn(after).length > 0 && state === 'pending') fault('uses', `${id} has a session and is pending`)
    },
  }
}

const sameApproval = (one: unknown, other: unknown): boolean => isDeepStrictEqual(plain(one), plain(other))
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

function matches(subject: string, { claims }: Json): boolean {
  const { groups = [] } = PEOPLE[subject] ?? {}
  return Object.entries<Json>(claims).every(([name, matcher]) => {
    if (name === 'groups') return groups.includes(matcher.includes)
    return name === 'sub' && matcher.oneOf.includes(subject)
  })
}
