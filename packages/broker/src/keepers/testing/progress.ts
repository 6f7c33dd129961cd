/** A keeper's progress in memory, with the promises of the stored one. */
import type { Progress } from '../../ports/progress.ts'

type MemoryProgress = Progress & {
  readonly places: ReadonlyMap<string, string>
  /** Causes of the items that were kept, by ID. */
  readonly keptItems: ReadonlyMap<string, string>
}

export function memoryProgress(places = new Map<string, string>()): MemoryProgress {
  const keptItems = new Map<string, string>()
  return {
    places,
    keptItems,
    reached: async () => new Map(places),
    async move(place, to) {
      const stands = places.get(place)
      if (stands === undefined || stands < to) places.set(place, to)
      return places.get(place) ?? to
    },
    async keep(id, cause) {
      keptItems.set(id, cause)
    },
    kept: async (limit, after = '') =>
      [...keptItems.keys()]
        .sort()
        .filter((id) => id > after)
        .slice(0, limit),
    async release(id) {
      keptItems.delete(id)
    },
  }
}
