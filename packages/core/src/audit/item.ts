/**
 * Compares an item with its journal. Conditions of later writes read the item and not its events, so a change of the item from
 * outside changes what Stint allows. The item must therefore match the state that its events result in.
 */
import { sha256Hex } from '../digest.ts'
import { isSubjectDigest, storedSubject } from '../identity/subject.ts'
import { type Instant, instantOf, seconds, toIso, wholeSecond } from '../instant.ts'
import { canonicalJson } from '../json.ts'
import type { Limits, RequestState } from '../request/request.ts'
import type { Terms } from '../scope/terms.ts'
import type { ReadEvent } from './schema.ts'
import { isSameRole } from './session-facts.ts'

/** The attributes of an item besides its journal, as far as they affect decisions. */
export type ItemFacts = {
  readonly state?: string
  readonly createdAt?: Instant
  /** `issuer#subject`, once as the item shows it and once as its conditions compare it. */
  readonly caller?: string
  readonly callerKey?: string
  readonly profile?: string
  readonly target?: string
  readonly roleArn?: string
  readonly terms?: string
  readonly termsHash?: string
  readonly usesLeft?: number
  readonly attempts?: number
  readonly renewals?: number
  readonly windowStartsAt?: Instant
  readonly windowExpiresAt?: Instant
  readonly expiresAt?: Instant
  readonly unattendedAt?: Instant
  readonly startsAt?: Instant
  readonly extends?: string
  readonly limits?: Limits
  readonly approvals?: readonly { readonly by: string; readonly rules: readonly number[]; readonly limits: Limits }[]
  readonly reviewed: boolean
  readonly triggeredBy?: string
  readonly breakGlass?: boolean
  readonly justification?: string
  readonly moreJustifications?: readonly string[]
  readonly fullSubject?: string
  readonly decidedBy?: string
  readonly sessions: { readonly [suffix: string]: ItemSession }
  readonly freeze?: {
    readonly active: boolean
    readonly scope?: string
    readonly expiresAt?: Instant
    /** How often the scope was released before. */
    readonly generation?: number
    readonly releaseAskedBy?: string
  }
  /** The Slack user of an active link. */
  readonly link?: { readonly slack: string; readonly expiresAt: Instant }
}
export type ItemSession = {
  readonly state: string
  readonly reservedAt: Instant
  readonly duration: number
  readonly expiresAt: Instant
  readonly sessionName: string
  readonly sourceIdentity?: string
  readonly accessKeyId?: string
  readonly expiration?: Instant
  readonly assumedRoleArn?: string
  readonly dropped: boolean
  readonly renew?: number
  readonly renewed?: { readonly count: number; readonly accessKeyId?: string; readonly expiration?: Instant }
  /** The sets of renewals without an outcome. */
  readonly open: readonly string[]
  readonly endedBy?: string
}

const idOf = (person: unknown): string => {
  const { issuer, subject } = person as { readonly issuer: string; readonly subject: string }
  return `${issuer}#${subject}`
}

/** How the item differs from the result of its events, each as the end of a sentence about the item. */
export function itemFaults(item: ItemFacts, events: readonly ReadEvent[]): readonly string[] {
  const first = events[0]
  if (!first) return []
  if (first.request.startsWith('frz_')) return freezeFaults(item, events)
  if (first.request.startsWith('lnk_')) return linkFaults(item, events)
  return first.request.startsWith('req_') ? requestFaults(item, events, first) : []
}

/** Collects the attributes in which an item differs. */
class Differences {
  readonly faults: string[] = []
  readonly #of: string
  constructor(of = '') {
    this.#of = of
  }
  differ(attribute: string, table: unknown, journal: unknown): void {
    if (canonicalJson(table ?? null) !== canonicalJson(journal ?? null))
      this.faults.push(`the table has ${attribute} ${shown(table, attribute)}${this.#of}, but its journal has ${shown(journal, attribute)}`)
  }
}

const instants = ['createdAt', 'windowStartsAt', 'windowExpiresAt', 'expiresAt', 'unattendedAt', 'startsAt', 'reservedAt', 'expiration']
const shown = (value: unknown, attribute: string): string => {
  if (value === undefined) return 'none'
  if (typeof value === 'number' && instants.includes(attribute) && Math.abs(value) < 8.64e15) return toIso(value)
  return typeof value === 'string' ? value : canonicalJson(value)
}

// ── Requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const states: { readonly [type in string]?: RequestState } = {
  'request.created': 'approved',
  'request.asked': 'pending',
  'request.refused': 'refused',
  'request.refusals-capped': 'refused',
  'request.approved': 'approved',
  'request.denied': 'denied',
  'request.cancelled': 'cancelled',
  'request.revoked': 'revoked',
  'request.expired': 'expired',
  'request.ended': 'ended',
  'request.restored': 'ended',
}

function requestFaults(item: ItemFacts, events: readonly ReadEvent[], first: ReadEvent): readonly string[] {
  const differences = new Differences()
  const state = events.reduce<string | undefined>((now, { type }) => states[type] ?? now, undefined)
  const last = (type: string) => events.findLast((event) => event.type === type)
  // A refusal, or an item that was restored or erased: it cannot be used in any state but these two.
  if (item.terms === undefined) {
    if (item.state === 'pending' || item.state === 'approved')
      differences.differ('state', item.state, state === item.state ? 'ended' : state)
    return differences.faults
  }
  differences.differ('state', item.state, state)
  differences.differ('createdAt', item.createdAt, instantOf(first.at))
  differences.differ('caller', item.caller, idOf(first.caller))
  differences.differ('callerKey', item.callerKey, idOf(first.caller))
  const { subject } = first.caller as { readonly subject: string }
  const hasDigest = first.v >= 4 && isSubjectDigest(subject)
  if ((item.fullSubject === undefined ? undefined : storedSubject(item.fullSubject)) !== (hasDigest ? subject : undefined))
    differences.differ('fullSubject', item.fullSubject, hasDigest ? `one of ${subject}` : undefined)
  differences.differ('profile', item.profile, first.profile)
  differences.differ('target', item.target, first.target)
  differences.differ('termsHash', item.termsHash, first.terms)
  differences.differ('reviewed', item.reviewed, last('request.reviewed') !== undefined)
  const closing = last(`request.${state}`)
  if (closing?.by !== undefined) differences.differ('decidedBy', item.decidedBy, idOf(closing.by))
  const grant = first.type === 'request.created' ? first : last('request.approved')
  const [reserved, closed] = [events.filter(({ type }) => type === 'session.reserved'), events.filter(isClosed)]
  const issued = new Set(closed.filter(({ type }) => type === 'session.issued').map(({ session }) => session))
  const ended = events.filter(({ type }) => type === 'session.ended')
  const back = closed.length - issued.size + ended.filter(({ session }) => !issued.has(session)).length
  differences.differ('usesLeft', item.usesLeft, grant && (grant.uses as number) - reserved.length + back)
  differences.differ('attempts', item.attempts ?? 0, reserved.length)
  const renewals = events.filter(({ type }) => renewalTypes.includes(type))
  differences.differ('renewals', item.renewals ?? 0, renewals.filter(({ type }) => type === 'session.renewal-reserved').length)
  differences.differ('windowExpiresAt', item.windowExpiresAt, grant && instantOf(grant.expiresAt))
  const longest = first.type === 'request.asked' ? askedFaults(item, events, first, differences) : Number.POSITIVE_INFINITY
  const dropped = events.filter(({ type }) => type === 'session.answer-dropped')
  const windowExpiresAt = first.type === 'request.asked' && grant ? instantOf(grant.expiresAt) : undefined
  sessionFaults(item, { reserved, closed, dropped, ended, renewals }, { duration: longest, windowExpiresAt }, differences)
  return [...differences.faults, ...termsFaults(item, item.terms, first, reserved)]
}

const isClosed = ({ type }: ReadEvent): boolean => type === 'session.issued' || type === 'session.failed' || type === 'session.abandoned'

const renewalTypes = ['session.renewal-reserved', 'session.renewed', 'session.renewal-failed', 'session.renewal-abandoned']

/** Of a long one, the event has the hash. In an older event without room for the whole text, it ends in `…`. */
function isJustificationOf({ v, justification, justificationHash }: ReadEvent, text: string | undefined): boolean {
  if (justificationHash !== undefined) return text !== undefined && sha256Hex(text) === justificationHash
  if (justification === text) return true
  return v < 4 && typeof justification === 'string' && justification.endsWith('…') && text?.startsWith(justification.slice(0, -1)) === true
}

/** Checks what only a request with approval has. Returns the longest duration of its sessions, in seconds. */
function askedFaults(item: ItemFacts, events: readonly ReadEvent[], asked: ReadEvent, differences: Differences): number {
  const received = events.find(({ type }) => type === 'request.received')
  const approved = events.findLast(({ type }) => type === 'request.approved')
  const agreed = events.filter(({ type }) => type === 'approval.given')
  if (asked.expiresAt !== undefined) differences.differ('expiresAt', item.expiresAt, instantOf(asked.expiresAt))
  if (!isJustificationOf(asked, item.justification))
    differences.differ('justification', item.justification, asked.justification ?? asked.justificationHash)
  const justified = events.filter(({ type }) => type === 'request.justified')
  const more = item.moreJustifications ?? []
  if (more.length !== justified.length || !justified.every((event, index) => isJustificationOf(event, more[index])))
    differences.differ(
      'moreJustifications',
      more,
      justified.map(({ justification, justificationHash }) => justification ?? justificationHash),
    )
  differences.differ('unattendedAt', item.unattendedAt, asked.unattendedAt === undefined ? undefined : instantOf(asked.unattendedAt))
  if (received && received.v !== 1)
    differences.differ('startsAt', item.startsAt, received.startsAt === undefined ? undefined : instantOf(received.startsAt))
  differences.differ('extends', item.extends, received?.extends)
  differences.differ('windowStartsAt', item.windowStartsAt, approved && Math.max(instantOf(approved.at), item.startsAt ?? 0))
  differences.differ(
    'approvals',
    item.approvals ?? [],
    agreed.map(({ by, rules, limits = {} }) => ({ by: idOf(by), rules, limits })),
  )
  const wished = (received?.limits ?? {}) as Limits
  if (!approved) {
    differences.differ('limits', item.limits ?? {}, wished)
    return Number.POSITIVE_INFINITY
  }
  // The approval stored the lowest of all requested limits. `termsFaults` checks what the terms themselves allow.
  const all = [wished, ...agreed.map(({ limits }) => (limits ?? {}) as Limits)]
  const leastOf = (name: keyof Limits) => Math.min(...all.flatMap((one) => one[name] ?? []))
  for (const name of ['duration', 'uses', 'window'] as const) {
    const [is, least] = [item.limits?.[name], leastOf(name)]
    if (is === undefined || is > least) differences.differ(`limits.${name}`, is, Number.isFinite(least) ? least : undefined)
  }
  return Math.min(item.limits?.duration ?? Number.POSITIVE_INFINITY, leastOf('duration'))
}

function sessionFaults(
  item: ItemFacts,
  of: { readonly [kind in 'closed' | 'dropped' | 'ended' | 'renewals' | 'reserved']: readonly ReadEvent[] },
  longest: { readonly duration: number; readonly windowExpiresAt: Instant | undefined },
  { faults }: Differences,
): void {
  const suffixOf = ({ session }: ReadEvent) => (session as string).slice((session as string).indexOf('.') + 1)
  const ends = new Map(of.closed.map((event) => [suffixOf(event), event]))
  const intents = new Map(of.reserved.map((event) => [suffixOf(event), event]))
  const drops = new Set(of.dropped.map(suffixOf))
  const ended = new Map(of.ended.map((event) => [suffixOf(event), event]))
  for (const suffix of Object.keys(item.sessions))
    if (!intents.has(suffix)) faults.push(`the table has a session ${suffix} that is not in its journal`)
  for (const [suffix, intent] of intents) {
    const [session, end] = [item.sessions[suffix], ends.get(suffix)]
    if (!session) {
      faults.push(`session ${suffix} of its journal is not in the table`)
      continue
    }
    const differences = new Differences(` for session ${suffix}`)
    const state = ended.has(suffix) ? 'ended' : end ? end.type.slice('session.'.length) : 'reserved'
    differences.differ('state', session.state, state)
    differences.differ('endedBy', session.endedBy, ended.get(suffix)?.endedBy)
    differences.differ('renew', session.renew, intent.renew)
    differences.differ('reservedAt', session.reservedAt, instantOf(intent.at))
    differences.differ('duration', session.duration, intent.duration)
    differences.differ('sessionName', session.sessionName, intent.sessionName)
    differences.differ('sourceIdentity', session.sourceIdentity, intent.sourceIdentity)
    const issued = end?.type === 'session.issued' ? end : undefined
    differences.differ('accessKeyId', session.accessKeyId, issued?.accessKeyId)
    differences.differ('expiration', session.expiration, issued && instantOf(issued.expiration))
    differences.differ('assumedRoleArn', session.assumedRoleArn, issued?.assumedRoleArn)
    differences.differ('dropped', session.dropped, drops.has(suffix))
    const allowed = issued ? wholeSecond(instantOf(intent.at)) + seconds(longest.duration) : Number.POSITIVE_INFINITY
    const window = issued && intent.renew !== undefined ? wholeSecond(longest.windowExpiresAt ?? Number.MAX_SAFE_INTEGER) : allowed
    differences.differ('expiresAt', session.expiresAt, Math.min(instantOf(intent.expiresAt), allowed, window))
    renewalFaults(
      session,
      of.renewals.filter((event) => suffixOf(event) === suffix),
      differences,
    )
    faults.push(...differences.faults)
  }
}

/** The session has the number of its renewals, its newest credentials, and the renewals without an outcome. */
function renewalFaults({ renewed, open }: ItemSession, events: readonly ReadEvent[], differences: Differences): void {
  const done = events.filter(({ type }) => type === 'session.renewed')
  const expiration = Math.max(0, ...done.map((event) => instantOf(event.expiration)))
  const newest = done.filter((event) => instantOf(event.expiration) === expiration).map(({ accessKeyId }) => accessKeyId)
  differences.differ('renewed.count', renewed?.count ?? 0, done.length)
  differences.differ('renewed.expiration', renewed?.expiration ?? 0, expiration)
  if (!newest.includes(renewed?.accessKeyId)) differences.differ('renewed.accessKeyId', renewed?.accessKeyId, newest.at(-1))
  const closed = new Set(events.filter(({ type }) => type !== 'session.renewal-reserved').map(({ set }) => set))
  const unclosed = events.filter(({ type, set }) => type === 'session.renewal-reserved' && !closed.has(set)).map(({ set }) => set as string)
  differences.differ('open renewals', open.toSorted(), unclosed.toSorted())
}

/** The journal contains the hash of the terms, so terms with this hash are those that were approved. */
function termsFaults(item: ItemFacts, text: string, first: ReadEvent, reserved: readonly ReadEvent[]): readonly string[] {
  if (sha256Hex(text) !== first.terms) return ['the terms in the table differ from those in its journal']
  const terms = JSON.parse(text) as Terms
  const differences = new Differences()
  const compare = (said: string, attribute: string, value: unknown, of: unknown) => {
    if (canonicalJson(value ?? null) !== canonicalJson(of ?? null))
      differences.faults.push(`${said} ${attribute} ${shown(value, attribute)}, but its terms have ${shown(of, attribute)}`)
  }
  const held = (attribute: string, journal: unknown, of: unknown) => compare('its journal has', attribute, journal, of)
  held('caller', idOf(first.caller), idOf(terms.caller))
  held('profile', first.profile, terms.profile)
  differences.differ('roleArn', item.roleArn, terms.role)
  if (first.type === 'request.asked') {
    compare('the table has', 'triggeredBy', item.triggeredBy, terms.triggeredBy)
    compare('the table has', 'breakGlass', item.breakGlass, terms.approval?.breakGlass !== undefined)
  }
  if (first.uses !== undefined) held('uses', first.uses, terms.uses)
  if (first.window !== undefined) held('window', first.window, terms.window)
  held(
    'needs',
    first.needs,
    terms.approval?.rules.map(({ count }) => count),
  )
  for (const event of reserved) {
    if (!isSameRole(event.role as string, terms.role)) held('role', event.role, terms.role)
    held('sourceIdentity', event.sourceIdentity, terms.sourceIdentity)
    held('renew', event.renew, terms.renew)
    if ((event.duration as number) > terms.maxDuration)
      differences.faults.push(`its journal has duration ${event.duration}, but its terms allow ${terms.maxDuration}`)
  }
  return differences.faults
}

// ── Freezes and links ────────────────────────────────────────────────────────────────────────────────────────────────

/** Setting an active freeze again never makes it end earlier, and voids an earlier request to release it. */
function freezeFaults({ freeze }: ItemFacts, events: readonly ReadEvent[]): readonly string[] {
  const forever = Number.POSITIVE_INFINITY
  let expiresAt: Instant | undefined
  let releaseAskedBy: string | undefined
  for (const event of events) {
    if (isRelease(event)) expiresAt = undefined
    if (event.type === 'freeze.set')
      expiresAt = Math.max(expiresAt ?? 0, event.expiresAt === undefined ? forever : instantOf(event.expiresAt))
    releaseAskedBy = event.type === 'freeze.release-asked' ? idOf(event.by) : undefined
  }
  const differences = new Differences()
  differences.differ('active', freeze?.active ?? false, expiresAt !== undefined)
  // The code that wrote events of version 1 did not count releases.
  const releases = events.filter(isRelease)
  const [generation, counted] = [freeze?.generation ?? 0, releases.filter(({ v }) => v !== 1).length]
  if (generation < counted || generation > releases.length) differences.differ('generation', generation, releases.length)
  if (expiresAt === undefined || !freeze?.active) return differences.faults
  differences.differ('scope', freeze.scope, events[0]?.scope)
  differences.differ('expiresAt', freeze.expiresAt, expiresAt === forever ? undefined : expiresAt)
  // A restored item has lost this attribute, and its release must be asked for again.
  if (freeze.releaseAskedBy !== undefined) differences.differ('releaseAskedBy', freeze.releaseAskedBy, releaseAskedBy)
  return differences.faults
}

const isRelease = ({ type }: ReadEvent): boolean => type === 'freeze.released' || type === 'freeze.deploy-released'

/** A missing link links no one. An existing link must have been made by an event. */
function linkFaults({ link }: ItemFacts, events: readonly ReadEvent[]): readonly string[] {
  if (!link) return []
  const last = events.findLast(({ type }) => type === 'link.made' || type === 'link.ended')
  const made = last?.type === 'link.made' ? last : undefined
  const differences = new Differences()
  differences.differ('slack', link.slack, made?.slack)
  if (made) differences.differ('expiresAt', link.expiresAt, instantOf(made.expiresAt))
  return differences.faults
}
