/** Verifies the events, journal by journal. */

import { Across } from '@stint/core/audit/across'
import type { parseEntry } from '@stint/core/audit/entry'
import type { HeldEvent } from '@stint/core/audit/event-bundle'
import { type ItemFacts, itemFaults } from '@stint/core/audit/item'
import { isByHand, step } from '@stint/core/audit/journal'
import type { Journaled } from '@stint/core/audit/journal-item'
import { commitIn, eventIn } from '@stint/core/audit/journal-item'
import { currentType, isTypeOf } from '@stint/core/audit/older-events'
import { type EventType, eventTypes, type ReadEvent, readEvent } from '@stint/core/audit/schema'
import { days, type Instant, parseIso } from '@stint/core/instant'
import { CHAIN_START, chainOf, Journals } from '../journals.ts'
import type { Findings } from './findings.ts'

/** Receives every readable event, in the order of the log. */
export type OnEvent = (event: ReadEvent, seq: number) => void
/** Receives every journal that the table lacks or that differs from the log, with the chain of its commitments. */
export type OnLost = (request: string, chain: Buffer) => void

/**
 * Events younger than this, and the announcement of their config, may not be in the log yet. The sweeper announces
 * a config, and its run can fail, so a config that decides for less than this may never be announced.
 */
const FRESH_MS = 10 * 60_000
/** The clock of the auditor's machine can be wrong by this much. A smaller difference is not a fault. */
const FUTURE = days(1)

/** Checks each journal against its rules, entry by entry, and remembers what the table must have. */
export class Story {
  readonly journals: Journals
  readonly counts: Partial<Record<EventType, number>> = {}
  endedBeforeIssued = 0
  erased = 0
  span: { readonly first: string; readonly last: string } | undefined
  readonly #found: Findings
  readonly #across = new Across()
  /** Configs that are not announced yet, with the first event that names each and the times between which events name it. */
  readonly #unannounced = new Map<string, { readonly place: string; readonly first: string; readonly last: string }>()
  readonly #announced = new Set<string>()
  /** The event with the latest time. */
  #newest = { at: '', place: '' }
  readonly #onEvent: OnEvent | undefined
  readonly #onLost: OnLost | undefined

  constructor(found: Findings, chained: boolean, onEvent: OnEvent | undefined, onLost: OnLost | undefined) {
    this.#found = found
    this.#onEvent = onEvent
    this.#onLost = onLost
    this.journals = new Journals(chained)
  }

  /** `held` is absent if the source has no events or this one is unreadable. Then only its entry is checked. */
  take(index: number, entry: ReturnType<typeof parseEntry>, held: HeldEvent | undefined): void {
    if (!entry) return
    const { request, seq, type, commit, prev } = entry
    const place = `event ${request}/${seq} (entry ${index})`
    const row = this.journals.find(request) ?? this.journals.add(request)
    const count = this.journals.count(row)
    if (seq !== count || (prev ?? '') !== this.journals.commit(row)) {
      const what = seq === count ? 'it does not follow the event before it' : `it should be event ${count} of its journal`
      this.#found.add({ class: 'tampered', place, what })
    }
    this.journals.advance(row, seq + 1, commit)

    const known = currentType(type) as EventType
    if (!Object.hasOwn(eventTypes, known)) return void this.#found.add({ class: 'rules', place, what: `unknown event type: ${type}` })
    this.counts[known] = (this.counts[known] ?? 0) + 1
    if (held === 'erased') {
      this.erased++
      this.#across.takeErased(known)
    }
    const event = held === undefined || held === 'erased' ? undefined : this.#read(held.event, place, request, type)
    if (event?.type === 'session.ended' && event.credentialsExpireBy === undefined) this.endedBeforeIssued++
    if (event) {
      this.#config(event, place)
      this.#onEvent?.(event, seq)
    }
    const journal = this.journals.journal(row)
    if (held === 'erased') {
      // Erased events must come before the event that records the erasure.
      if (journal.erasureRecorded)
        this.#found.add({ class: 'tampered', place, what: 'missing, although the event that records the erasure came before it' })
      journal.erased = true
    }
    const across = event ? this.#across.take(journal, event, place) : []
    for (const what of [...step(journal, known, event), ...across]) this.#found.add({ class: 'rules', place, what })
    this.journals.keep(row, journal)
  }

  #read(text: string, place: string, request: string, type: string): ReadEvent | undefined {
    const event = readEvent(text)
    if (typeof event === 'string') {
      this.#found.add({ class: 'rules', place, what: `it is ${event}` })
      return undefined
    }
    if (event.request !== request || !isTypeOf(type, event)) {
      this.#found.add({ class: 'tampered', place, what: `it is a ${event.type} of ${event.request}, but its entry has ${type}` })
      return undefined
    }
    this.span = { first: this.span?.first ?? event.at, last: event.at }
    // All times have one format, so their strings compare like times.
    if (event.at > this.#newest.at) this.#newest = { at: event.at, place }
    return event
  }

  #config(event: ReadEvent, place: string): void {
    if (isByHand(event)) return
    if (event.type === 'config.seen') {
      this.#announced.add(event.config)
      this.#unannounced.delete(event.config)
    } else if (!this.#announced.has(event.config)) {
      const { at } = event
      const { first, last, place: known } = this.#unannounced.get(event.config) ?? { first: at, last: at, place }
      this.#unannounced.set(event.config, { place: known, first: first < at ? first : at, last: last > at ? last : at })
    }
  }

  end(now: Instant): void {
    if ((parseIso(this.#newest.at) ?? 0) > now + FUTURE)
      this.#found.add({ class: 'rules', place: this.#newest.place, what: 'dated in the future' })
    for (const { place, what } of this.#across.end()) this.#found.add({ class: 'rules', place, what })
    for (const [config, { place, ...span }] of this.#unannounced) {
      const [first, last] = [parseIso(span.first) ?? 0, parseIso(span.last) ?? 0]
      const [short, isBrief] = [config.slice(0, 12), last - first < FRESH_MS]
      if (Math.abs(now - first) < FRESH_MS) this.#found.notices.push(`config ${short} is not announced yet`)
      else if (isBrief) this.#found.notices.push(`config ${short} was never announced: it decided from ${span.first} to ${span.last}`)
      else this.#found.add({ class: 'rules', place, what: `decided by config ${config}, which was never announced` })
    }
    for (const [request, row] of this.journals.entries()) {
      const [journal, count] = [this.journals.journal(row), this.journals.count(row)]
      // The rest of a write that a stage of the shipper split is in the log soon after.
      const isLate = (parseIso(this.#newest.at) ?? 0) - journal.latest > FRESH_MS
      if (isLate && !journal.blind && (journal.texts || journal.facts?.awaitsReceived))
        this.#found.add({
          class: 'rules',
          place: `event ${request}/${count - 1}`,
          what: `no ${journal.facts?.awaitsReceived ? 'request.received' : 'request.text'} event follows, although one belongs to it`,
        })
      // An erasure is recorded in the journal itself.
      if (journal.erased && !journal.erasureRecorded)
        this.#found.add({
          class: 'tampered',
          place: request,
          what: `some of its ${count} events are missing, and no event records an erasure`,
        })
    }
  }

  /** Compares table and log in both directions. */
  async compare(
    table: AsyncIterable<readonly Journaled[]>,
    now: Instant,
  ): Promise<{ readonly journals: number; readonly unshipped: number }> {
    let [journals, unshipped] = [0, 0]
    for await (const some of table) {
      for (const { request, events, item } of some) {
        journals++
        const row = this.journals.find(request)
        if (row !== undefined) this.journals.markInTable(row)
        const count = row === undefined ? 0 : this.journals.count(row)
        const commits = events.map(commitIn)
        if (events.length < count) {
          this.#lost(request, row as number, `${events.length} events in the table, ${count} in the log`)
          continue
        }
        if (row !== undefined && !commits.slice(0, count).reduce(chainOf, CHAIN_START).equals(this.journals.chain(row))) {
          this.#lost(request, row, 'its events in the table differ from those in the log')
          continue
        }
        if (item) this.#held(request, item, events)
        if (events.length === count) continue
        unshipped += events.length - count
        const event = eventIn(events[count])
        if (!event || Math.abs(now - (parseIso(event.at) ?? 0)) >= FRESH_MS)
          this.#found.add({
            class: 'table',
            place: `event ${request}/${count}`,
            what: 'in the table, but still not in the log',
          })
      }
    }
    for (const [request, row] of this.journals.entries()) {
      if (!this.journals.isInTable(row) && this.journals.journal(row).stage !== 'retired')
        this.#lost(request, row, 'in the log, but missing from the table without being retired')
    }
    return { journals, unshipped }
  }

  /** Compares the state of an item, on which its next writes depend, with its events. Impossible if some events were erased. */
  #held(request: string, item: ItemFacts, events: Journaled['events']): void {
    const read = events.map(eventIn)
    if (!read.every((event) => event !== undefined)) return
    for (const what of itemFaults(item, read)) this.#found.add({ class: 'table', place: request, what })
  }

  #lost(request: string, row: number, what: string): void {
    this.#found.add({ class: 'table', place: request, what })
    this.#onLost?.(request, Buffer.from(this.journals.chain(row)))
  }
}
