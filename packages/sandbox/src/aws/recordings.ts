/** Bounds on what the sandbox records, because it can run for days. `all` turns off the bounds on stream records and calls. */

export type Recordings = 'all' | 'bounded'

/** How many of each kind are kept. */
const KEPT = { streamRecords: 1000, calls: 10_000, trailRecords: 10_000, trailFiles: 1000, sessions: 2000 } as const

/** Drops the oldest of a list. */
export function trim(list: unknown[], kind: keyof typeof KEPT, recordings: Recordings): void {
  const excess = list.length - KEPT[kind]
  if (recordings === 'bounded' && excess > 0) list.splice(0, excess)
}

/** Drops the oldest entries of a map that `drops` allows to go. */
export function trimMap<T>(map: Map<string, T>, kind: keyof typeof KEPT, drops: (item: T, key: string) => boolean): void {
  let excess = map.size - KEPT[kind]
  if (excess <= 0) return
  for (const [key, item] of map) {
    if (excess <= 0) return
    if (!drops(item, key)) continue
    map.delete(key)
    excess--
  }
}
