/**
 * The order of notifications. Open break-glass requests come first. Within one priority the channels take turns, so that a busy
 * channel does not delay the others. Within a channel the order is kept.
 */
import { type Instant, seconds } from '@stint/core/instant'
import type { Clock } from '../ports/runtime.ts'

export type Turn = { readonly urgent: boolean; readonly channel: string }

/** The first of each channel, then the second of each, and so on. */
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
  // The sort is stable, so within a round the channels keep their order of arrival.
  return placed.sort((a, b) => a.round - b.round).map(({ one }) => one)
}

/** Why Slack is not up to date. `later`: Slack's retry-after, in seconds. `unmet`: the run did not get to it, so this is not a try. */
export type SlackFailure = { readonly cause: string; readonly later?: number; readonly unmet?: true }

/**
 * What Slack rate-limits: posting by channel, and other calls by method (Slack API docs, "Rate limits"). So a channel or a method
 * rests until the end of the run, and the others go on.
 */
export type RateScope = string

/** After this many rests in a row without a success, the whole workspace is considered rate-limited or down. */
const MOST_RESTS = 3

/**
 * One run of the notifier: its deadlines, and what has to rest. What the run does not get to is stored as pending before the
 * function times out.
 */
export class Run {
  readonly #clock: Clock
  readonly #until: { readonly urgent: Instant; readonly ordinary: Instant }
  readonly #resting = new Map<RateScope, SlackFailure>()
  #restsInARow = 0
  #halted: SlackFailure | undefined

  constructor(clock: Clock, limits: { readonly urgentSeconds: number; readonly ordinarySeconds: number }) {
    this.#clock = clock
    const now = clock()
    this.#until = { urgent: now + seconds(limits.urgentSeconds), ordinary: now + seconds(limits.ordinarySeconds) }
  }

  done(): void {
    this.#restsInARow = 0
  }
  rest(scope: RateScope, fault: SlackFailure): void {
    if (this.#resting.has(scope)) return
    this.#resting.set(scope, fault)
    if (++this.#restsInARow >= MOST_RESTS) this.#halted ??= fault
  }
  /** The reason to make no more calls in this run, if there is one; with a scope, the reason to make none in that scope. */
  over(urgent: boolean, scope?: RateScope): SlackFailure | undefined {
    if (this.#halted) return this.#halted
    if (this.#clock() >= this.#until[urgent ? 'urgent' : 'ordinary']) return { cause: 'there was no time left', unmet: true }
    return scope === undefined ? undefined : this.#resting.get(scope)
  }
}
