/**
 * What a keeper remembers between its runs. A keeper is a background job that looks at each item once it has reached a certain age: it goes
 * on where its last run stopped, and never starts again at the beginning of history.
 */
import type { Instant } from '@stint/core/instant'

/** Items of the story table by the partitions of the index `byDay`: requests, refusals; and freezes, links and facts, by their last change. */
export type Family = 'requests' | 'refusals' | 'other'

/** Looks at every item of a family when it is this old. */
export type Pass = {
  readonly name: string
  readonly family: Family
  readonly ageMs: number
  /** The name of a pass that this one follows: it goes no further than that one had come when the run began. */
  readonly behind?: string
}

export type Progress = {
  /**
   * How far each place has been looked at: everything up to this time key. Empty on the first run, and on the first run after another table
   * has taken the story table's place.
   */
  reached(): Promise<ReadonlyMap<string, string>>
  /** Moves a place forward, never back. Returns where it stands: further on, if another run was faster. */
  move(place: string, to: string): Promise<string>
  /** Keeps an item for the next runs: it could not be finished, and must not hold up the others. */
  keep(id: string, cause: string, now: Instant): Promise<void>
  /** Items that were kept, by ID, after this one. */
  kept(limit: number, after?: string): Promise<readonly string[]>
  release(id: string): Promise<void>
}

/** Goes over what a pass has not looked at yet. False if its time was up before the end. */
export type Walk = (
  pass: Pass,
  options: {
    readonly now: Instant
    readonly reached: ReadonlyMap<string, string>
    readonly mayGoOn: () => boolean
    /** Looks at items, by their IDs. If it throws, the next run looks at them again. */
    readonly look: (ids: readonly string[]) => Promise<void>
  },
) => Promise<boolean>
