/**
 * Work in parallel that ends as one: nothing runs on after a failure is reported, so a function that answers has no writes in flight.
 */
import { Halt } from '../ports/log.ts'

/** Waits for all of them, then throws the first failure. A `Halt` goes before other failures, because it must not be taken for trouble. */
export async function all<T extends readonly unknown[]>(work: { readonly [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const settled = await Promise.allSettled(work)
  const failures = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  if (failures.length > 0) throw failures.find((failure) => failure instanceof Halt) ?? failures[0]
  return settled.map((one) => (one as PromiseFulfilledResult<unknown>).value) as unknown as T
}

/** Does the work for each item, at most `atOnce` at a time. After a failure no other item is begun. The results are in the order of the items. */
export async function inParallel<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  let failed = false
  async function lane(): Promise<void> {
    while (next < items.length && !failed) {
      const at = next++
      try {
        results[at] = await work(items[at] as T)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await all(Array.from({ length: Math.min(atOnce, items.length) }, lane))
  return results
}
