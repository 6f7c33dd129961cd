/**
 * Rules across journals: an access key belongs to one session, equal terms give equal sessions, a target of one config has one
 * role, nothing is issued during a freeze, a frozen caller does not ask, approve or release, and a person who acts in Slack is
 * linked to the Slack user.
 *
 * Freezes of a `person` are not checked, because only the config says which identities belong to that person.
 *
 * Hundreds of thousands of sessions are kept in memory, so each access key and each hash of terms is stored as 64 bits of a
 * digest: 11 to 24 bytes for a key and 22 to 48 for a hash of terms.
 */
import { sha256 } from '../digest.ts'
import type { CallerRef } from '../identity/caller.ts'
import { LINK_SETTLES_SECONDS } from '../identity/link.ts'
import { type Instant, instantOf, seconds } from '../instant.ts'
import { NO_CONFIG } from './event.ts'
import { CLOCK_TOLERANCE_SECONDS, type Journal } from './journal.ts'
import type { RequestFacts } from './request-facts.ts'
import type { EventType, ReadEvent } from './schema.ts'
import { isSameRole } from './session-facts.ts'

type FreezePeriod = { readonly from: Instant; until: Instant; released: boolean }
/** An act during a freeze whose release may come later in the log. */
type Suspect = { readonly place: string; readonly what: string; readonly scope: string; readonly at: Instant }

/** How faults name the act of an event during a freeze. */
const acts: { readonly [type in string]?: string } = {
  'request.asked': 'asked',
  'request.justified': 'justified',
  'approval.given': 'approved',
  'freeze.release-asked': 'release asked for',
  'freeze.released': 'released',
}

type SlackLink = { readonly from: Instant; until: Instant }
/** An act in Slack whose link may come later in the log. `since`: the latest time at which the link was made. */
type SlackAct = { readonly place: string; readonly link: string; readonly since: Instant; readonly at: Instant }

/** Maximum number of targets and issuers in memory. A config has hundreds, and a log some thousand configs. */
const MOST_REMEMBERED = 1_000_000
/** Maximum number of acts during a freeze in memory, and of acts in Slack. */
const MOST_SUSPECTS = 1000

export class Across {
  readonly #accessKeys = new Digests()
  readonly #terms = new Digests(true)
  readonly #grants = new Digests(true)
  /** The role of each target, and the kind of each issuer's callers, by config. */
  readonly #roles = new Map<string, string>()
  readonly #kinds = new Map<string, string>()
  /** The freezes of each scope, the latest last. */
  readonly #freezes = new Map<string, FreezePeriod[]>()
  #suspects: Suspect[] = []
  #forgot = false
  /** The links of each Slack user and person, the latest last. */
  readonly #links = new Map<string, SlackLink[]>()
  #unlinked: SlackAct[] = []
  #linksErased = false

  /** Takes an event before its journal is stepped. `place` names it in reports. */
  take(journal: Journal, event: ReadEvent, place: string): readonly string[] {
    this.#inSlack(journal, event, place)
    return [...this.#kindFaults(event), ...this.#take(journal, event, place)]
  }

  /** Takes an event that was erased. Acts in Slack cannot be checked if a link is missing. */
  takeErased(type: EventType): void {
    if (type === 'link.made') this.#linksErased = true
  }

  #take(journal: Journal, event: ReadEvent, place: string): readonly string[] {
    switch (event.type) {
      case 'session.reserved':
        return journal.blind || !journal.facts ? [] : this.#reserved(journal.facts, event)
      case 'session.issued':
        return this.#issued(journal, event, journal.sessions?.open.get(event.session as string)?.at, place)
      case 'session.renewed': {
        const renewable = journal.sessions?.renewable.get(event.session as string)
        return this.#issued(journal, event, renewable?.open.get(event.set as string)?.at, place)
      }
      case 'request.created':
        return this.#granted(event)
      case 'request.asked':
        this.#acted(event, event.caller, place)
        return this.#granted(event)
      case 'approval.given':
      case 'request.justified':
        this.#acted(event, event.by, place)
        return []
      case 'freeze.release-asked':
      case 'freeze.released': {
        const faults = this.#acted(event, event.by, place)
        if (event.type === 'freeze.released') this.#frozen(event)
        return faults
      }
      case 'freeze.set':
      case 'freeze.deploy-released':
        this.#frozen(event)
        return []
      case 'link.made':
      case 'link.ended':
        this.#linked(event)
        return []
      default:
        return []
    }
  }

  /** Faults that are known only at the end of the log: acts during a freeze, and in Slack without a link. */
  end(): readonly { readonly place: string; readonly what: string }[] {
    const found = this.#suspects.filter((one) => this.#isFrozen(one)).map(({ place, what }) => ({ place, what }))
    if (this.#forgot) found.push({ place: 'freezes', what: `more than ${MOST_SUSPECTS} acts while access was frozen` })
    const unlinked = this.#linksErased ? [] : this.#unlinked.filter((act) => !this.#isLinked(act))
    return [...found, ...unlinked.map(({ place }) => ({ place, what: 'by a Slack user who was not linked to this person' }))]
  }

  #isFrozen = ({ scope, at }: Suspect): boolean => this.#freezes.get(scope)?.some((freeze) => covers(freeze, at)) === true
  /** Without slack at the end, because a later event may extend the freeze. */
  #mayBeFrozen = ({ scope, at }: Pick<Suspect, 'scope' | 'at'>): boolean =>
    this.#freezes.get(scope)?.some((freeze) => covers(freeze, at, 0)) === true

  #reserved(facts: RequestFacts, event: ReadEvent): readonly string[] {
    const faults: string[] = []
    const role = event.role as string
    const target = `${event.config} ${facts.target}`
    const known = this.#roles.get(target)
    if (known !== undefined && !isSameRole(known, role)) faults.push('reserved for a role that its target does not have')
    else if (this.#roles.size < MOST_REMEMBERED) this.#roles.set(target, known ?? role)
    // The hash covers a string that contains all three.
    const identity = sha256(`${facts.issuer}#${facts.subject}#${event.sourceIdentity ?? ''}`)
    if (!this.#terms.add(Buffer.from(facts.terms, 'hex'), identity))
      faults.push('reserved with a source identity that differs from other sessions on its terms')
    return faults
  }

  /** The hash of the terms covers all of these. Events of version 1 do not state the uses of every request. */
  #granted(event: ReadEvent): readonly string[] {
    const stated = event.v === 1 ? [] : [event.uses, event.window ?? '', event.needs ?? '']
    const grant = sha256([event.profile, event.target, ...stated].join('#'))
    const terms = sha256(`${event.v === 1 ? 1 : 2} ${event.type} ${event.terms}`)
    return this.#grants.add(terms, grant) ? [] : ['on terms of another profile, target or number of uses']
  }

  /** The callers of an issuer are either people or workloads, as the config says. */
  #kindFaults({ config, caller, by }: ReadEvent): readonly string[] {
    const person = (caller ?? by) as CallerRef | undefined
    if (!person || config === NO_CONFIG) return []
    const issuer = `${config} ${person.issuer}`
    const kind = this.#kinds.get(issuer)
    if (kind === undefined && this.#kinds.size < MOST_REMEMBERED) this.#kinds.set(issuer, person.kind)
    return kind === undefined || kind === person.kind ? [] : [`the issuer ${person.issuer} has callers of two kinds in one config`]
  }

  #issued({ facts }: Journal, event: ReadEvent, reservedAt: Instant | undefined, place: string): readonly string[] {
    if (facts && reservedAt !== undefined) {
      const { issuer, subject, profile, target } = facts
      this.#suspect('issued', ['all', ...scopesOf({ issuer, subject }), `profile#${profile}`, `target#${target}`], reservedAt, place)
    }
    return this.#accessKeys.add(sha256(event.accessKeyId as string)) ? [] : ['issued with the access key of other credentials']
  }

  /**
   * A caller asked, approved or released. Freezes of `all`, a profile or a target do not affect that. The code that wrote events
   * of version 1 did not read freezes here.
   */
  #acted(event: ReadEvent, caller: unknown, place: string): readonly string[] {
    if (event.v === 1) return []
    const [what, at, scopes] = [acts[event.type] ?? '', instantOf(event.at), scopesOf(caller as CallerRef)]
    this.#suspect(
      what,
      scopes.filter((scope) => scope !== event.scope),
      at,
      place,
    )
    // Within one journal the order is certain: this event precedes any release that follows it.
    return scopes
      .filter((scope) => scope === event.scope)
      .filter((scope) => this.#freezes.get(scope)?.some((freeze) => covers(freeze, at)))
      .map((scope) => faultOf(what, scope))
  }

  #suspect(what: string, scopes: readonly string[], at: Instant, place: string): void {
    if (this.#freezes.size === 0) return
    for (const scope of scopes) {
      if (!this.#mayBeFrozen({ scope, at })) continue
      // Releases that followed have cleared some of them.
      if (this.#suspects.length >= MOST_SUSPECTS) this.#suspects = this.#suspects.filter((one) => this.#mayBeFrozen(one))
      if (this.#suspects.length < MOST_SUSPECTS) this.#suspects.push({ place, what: faultOf(what, scope), scope, at })
      else this.#forgot = true
    }
  }

  /**
   * A person who acts in Slack is linked to the Slack user, and for a decision has been linked for a while. Events of version 1 are not
   * checked, as for freezes.
   */
  #inSlack(journal: Journal, { v, type, by, caller, source, channel, at: text }: ReadEvent, place: string): void {
    const person = (by ?? caller ?? journal.facts) as Pick<CallerRef, 'issuer' | 'subject'> | undefined
    if (v === 1 || type.startsWith('link.') || !person || typeof source !== 'string' || !source.startsWith('slack:')) return
    const at = instantOf(text)
    const settles = channel === 'slack' ? LINK_SETTLES_SECONDS : 0
    const since = at - seconds(settles) + seconds(CLOCK_TOLERANCE_SECONDS)
    const act = { place, link: linkOf(source.slice('slack:'.length), person), since, at }
    if (!this.#isLinked(act) && this.#unlinked.length < MOST_SUSPECTS) this.#unlinked.push(act)
  }

  #isLinked = ({ link, since, at }: SlackAct): boolean =>
    this.#links.get(link)?.some(({ from, until }) => from <= since && at < until + seconds(CLOCK_TOLERANCE_SECONDS)) === true

  #linked(event: ReadEvent): void {
    const link = linkOf(event.slack as string, event.by as CallerRef)
    const all = this.#links.get(link) ?? []
    const last = all.at(-1)
    const at = instantOf(event.at)
    if (event.type === 'link.made') this.#links.set(link, [...all, { from: at, until: instantOf(event.expiresAt as string) }])
    else if (last) last.until = Math.min(last.until, at)
  }

  /** Setting a freeze again never makes it end earlier. */
  #frozen(event: ReadEvent): void {
    const scope = event.scope as string
    const all = this.#freezes.get(scope) ?? []
    const last = all.at(-1)
    const at = instantOf(event.at)
    if (event.type !== 'freeze.set') {
      if (last && !last.released) Object.assign(last, { until: Math.min(last.until, at), released: true })
      return
    }
    const until = event.expiresAt === undefined ? Number.POSITIVE_INFINITY : instantOf(event.expiresAt)
    if (last && !last.released && last.until >= at) last.until = Math.max(last.until, until)
    else this.#freezes.set(scope, [...all, { from: at, until, released: false }])
  }
}

const linkOf = (slack: string, { issuer, subject }: Pick<CallerRef, 'issuer' | 'subject'>) => `${slack}#${issuer}#${subject}`
const scopesOf = ({ issuer, subject }: Pick<CallerRef, 'issuer' | 'subject'>) => [`issuer#${issuer}`, `subject#${issuer}#${subject}`]
const faultOf = (what: string, scope: string) => `${what} while ${scope === 'all' ? 'all access' : scope} was frozen`
/** Allows for different clocks of two functions at both ends. */
const covers = ({ from, until }: FreezePeriod, at: Instant, slack = CLOCK_TOLERANCE_SECONDS) =>
  from + seconds(CLOCK_TOLERANCE_SECONDS) < at && at < until - seconds(slack)

/** 64 bits each of many digests; with values, 64 bits of another digest for each. Open addressing, at most 0.7 full. */
class Digests {
  readonly #width: number
  #room = 1024
  #count = 0
  #slots: Uint32Array
  constructor(valued = false) {
    this.#width = valued ? 4 : 2
    this.#slots = new Uint32Array(this.#room * this.#width)
  }

  /** False if the digest is already present; with a value, if it is present with a different value. */
  add(digest: Buffer, value?: Buffer): boolean {
    if (this.#count > this.#room * 0.7) this.#grow()
    // Zero is an empty slot.
    const [one, two] = [digest.readUInt32LE(0), digest.readUInt32LE(4) || 1]
    const at = this.#slotOf(one, two)
    const [three, four] = value ? [value.readUInt32LE(0), value.readUInt32LE(4)] : [0, 0]
    if (this.#slots[at + 1] !== 0) return value !== undefined && this.#slots[at + 2] === three && this.#slots[at + 3] === four
    this.#slots.set(value ? [one, two, three, four] : [one, two], at)
    this.#count++
    return true
  }

  #slotOf(one: number, two: number): number {
    let at = (one & (this.#room - 1)) * this.#width
    while (this.#slots[at + 1] !== 0 && (this.#slots[at] !== one || this.#slots[at + 1] !== two))
      at = (at + this.#width) % this.#slots.length
    return at
  }

  #grow(): void {
    const old = this.#slots
    this.#room *= 2
    this.#slots = new Uint32Array(this.#room * this.#width)
    for (let from = 0; from < old.length; from += this.#width) {
      if (old[from + 1] === 0) continue
      this.#slots.set(old.subarray(from, from + this.#width), this.#slotOf(old[from] ?? 0, old[from + 1] ?? 0))
    }
  }
}
