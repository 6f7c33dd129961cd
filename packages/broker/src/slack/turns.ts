/**
 * Whose turn it is. Break-glass that somebody waits for comes before everything else; within one priority the channels take
 * turns, so that a busy one does not hold up the others. Within a channel things stay in their order.
 */
import { type Instant, seconds } from '@stint/core/instant'
import type { Clock } from '../ports/runtime.ts'

export type Turn = { readonly urgent: boolean; readonly channel: string }

/** One of each channel, then the next of each. */
export function inTurns<T extends Turn>(all: readonly T[]): readonly T[] {
  return [...roundRobin(all.filter(({ urgent }) => urgent)), ...roundRobin(all.filter(({ urgent }) => !urgent))]
}

function roundRobin<T extends Turn>(some: readonly T[]): readonly T[] {
  const place = new Map<string, number>()
  const placed = some.map((one) => {
    const round = place.get(one.channel) ?? 0
    place.set(one.channel, round + 1)
    return { one, round }
  })
  // The sort is stable: within a round, channels stay in the order in which they came.
  return placed.sort((a, b) => a.round - b.round).map(({ one }) => one)
}

/** Why Slack does not show a request as it is. `later`: Slack said in how many seconds. `unmet`: it was not its turn, so it was no try. */
export type Fault = { readonly cause: string; readonly later?: number; readonly unmet?: true }

/**
 * What Slack asked to leave alone. It limits posting by channel and other calls by method (Slack API docs, "Rate limits"), so a
 * channel or a method rests for the run, not all of it.
 */
export type Scope = string

/** Rests one after the other, with nothing done between them, after which it is the whole workspace that wants rest, or is down. */
const MOST_RESTS = 3

/**
 * One run of the notifier: how long it may last, and what has to rest. What it does not come to is owed, and written down as
 * such before the function's own end.
 */
export class Run {
  readonly #clock: Clock
  readonly #until: { readonly urgent: Instant; readonly ordinary: Instant }
  readonly #resting = new Map<Scope, Fault>()
  #restsInARow = 0
  #halted: Fault | undefined

  constructor(clock: Clock, limits: { readonly urgentSeconds: number; readonly ordinarySeconds: number }) {
    this.#clock = clock
    const now = clock()
    this.#until = { urgent: now + seconds(limits.urgentSeconds), ordinary: now + seconds(limits.ordinarySeconds) }
  }

  done(): void {
    this.#restsInARow = 0
  }
  rest(scope: Scope, fault: Fault): void {
    if (this.#resting.has(scope)) return
    this.#resting.set(scope, fault)
    if (++this.#restsInARow >= MOST_RESTS) this.#halted ??= fault
  }
  /** Why nothing more is called for now, if nothing is; with a scope, why nothing of it is. */
  over(urgent: boolean, scope?: Scope): Fault | undefined {
    if (this.#halted) return this.#halted
    if (this.#clock() >= this.#until[urgent ? 'urgent' : 'ordinary']) return { cause: 'there was no time left', unmet: true }
    return scope === undefined ? undefined : this.#resting.get(scope)
  }
}
