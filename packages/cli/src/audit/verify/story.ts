/** What the events tell, journal by journal. */

import { Across } from '@stint/core/audit/across'
import type { parseEntry } from '@stint/core/audit/entry'
import type { HeldEvent } from '@stint/core/audit/event-bundle'
import { type ItemFacts, itemFaults } from '@stint/core/audit/item'
import { isByHand, step } from '@stint/core/audit/journal'
import type { Journaled } from '@stint/core/audit/journal-item'
import { commitIn, eventIn } from '@stint/core/audit/journal-item'
import { currentType, isTypeOf } from '@stint/core/audit/older-events'
import { type EventType, eventTypes, type ReadEvent, readEvent } from '@stint/core/audit/schema'
import { type Instant, parseIso } from '@stint/core/instant'
import { CHAIN_START, chainOf, Journals } from '../journals.ts'
import type { Findings } from './findings.ts'

/** Gets every event that could be read, in the order of the log. */
export type OnEvent = (event: ReadEvent, seq: number) => void
/** Gets every journal that the log has and the table has not, or not as the log has it, with the chain of its commitments. */
export type OnLost = (request: string, chain: Buffer) => void

/** Events younger than this may not be in the log yet, nor their config announced. */
const FRESH_MS = 10 * 60_000
/** By the clock of the auditor's machine, which may be wrong: less says nothing of the log. */
const FUTURE_MS = 24 * 60 * 60_000

/** Holds each journal to its rules, entry by entry, and remembers what the table must say. */
export class Story {
  readonly journals: Journals
  readonly counts: Partial<Record<EventType, number>> = {}
  erased = 0
  span: { readonly first: string; readonly last: string } | undefined
  readonly #found: Findings
  readonly #across = new Across()
  /** Configs by when events first named them, until they are announced. */
  readonly #unannounced = new Map<string, { readonly at: string; readonly place: string }>()
  readonly #announced = new Set<string>()
  /** The event that states the latest time. */
  #newest = { at: '', place: '' }
  readonly #onEvent: OnEvent | undefined
  readonly #onLost: OnLost | undefined

  constructor(found: Findings, chained: boolean, onEvent: OnEvent | undefined, onLost: OnLost | undefined) {
    this.#found = found
    this.#onEvent = onEvent
    this.#onLost = onLost
    this.journals = new Journals(chained)
  }

  /** `held` is absent where the source has no events, or this one cannot be read: then only its entry is judged. */
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
    if (!Object.hasOwn(eventTypes, known))
      return void this.#found.add({ class: 'rules', place, what: `of a type that is not known: ${type}` })
    this.counts[known] = (this.counts[known] ?? 0) + 1
    if (held === 'erased') this.erased++
    const event = held === undefined || held === 'erased' ? undefined : this.#read(held.event, place, request, type)
    if (event) {
      this.#config(event, place)
      this.#onEvent?.(event, seq)
    }
    const journal = this.journals.journal(row)
    if (held === 'erased') {
      // What was erased came before the event that says so.
      if (journal.erasureTold)
        this.#found.add({ class: 'tampered', place, what: 'gone, and what says that events were erased came before it' })
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
      this.#found.add({ class: 'tampered', place, what: `it is a ${event.type} of ${event.request}, and its entry says ${type}` })
      return undefined
    }
    this.span = { first: this.span?.first ?? event.at, last: event.at }
    // Times are of one form, so that texts compare as times do.
    if (event.at > this.#newest.at) this.#newest = { at: event.at, place }
    return event
  }

  #config(event: ReadEvent, place: string): void {
    if (isByHand(event)) return
    if (event.type === 'config.seen') {
      this.#announced.add(event.config)
      this.#unannounced.delete(event.config)
    } else if (!this.#announced.has(event.config) && !this.#unannounced.has(event.config)) {
      this.#unannounced.set(event.config, { at: event.at, place })
    }
  }

  end(now: Instant): void {
    if ((parseIso(this.#newest.at) ?? 0) > now + FUTURE_MS)
      this.#found.add({ class: 'rules', place: this.#newest.place, what: 'dated in the future' })
    for (const { place, what } of this.#across.end()) this.#found.add({ class: 'rules', place, what })
    for (const [config, { at, place }] of this.#unannounced) {
      if (Math.abs(now - (parseIso(at) ?? 0)) < FRESH_MS) this.#found.notices.push(`config ${config.slice(0, 12)} is not announced yet`)
      else this.#found.add({ class: 'rules', place, what: `decided by config ${config}, which was never announced` })
    }
    for (const [request, row] of this.journals.entries()) {
      const [journal, count] = [this.journals.journal(row), this.journals.count(row)]
      // Whoever erases says so in the journal itself.
      if (journal.erased && !journal.erasureTold)
        this.#found.add({
          class: 'tampered',
          place: request,
          what: `events among its ${count} are gone, and none says that they were erased`,
        })
    }
  }

  /** Table and log, both ways. */
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
          this.#lost(request, row, 'its events in the table are not those in the log')
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
            what: 'in the table, and after all this time not in the log',
          })
      }
    }
    for (const [request, row] of this.journals.entries()) {
      if (!this.journals.isInTable(row) && this.journals.journal(row).stage !== 'retired')
        this.#lost(request, row, 'in the log, and gone from the table without having been retired')
    }
    return { journals, unshipped }
  }

  /** What an item lets its next writes do, against what its events have made of it. Where some were erased nobody can say. */
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
