/**
 * The instants at which something ends or begins. A clock rarely shows exactly such an instant by chance, and only there `<` and `<=` differ:
 * so a clock can stand still at one for as long as it is near.
 */
import type { Item } from './dynamo.ts'

const NEAR_MS = 500

export class Edges {
  /** By the second they are in: the last one that was added. */
  readonly #bySecond = new Map<number, number>()

  add(at: number): void {
    this.#bySecond.set(secondOf(at), at)
  }
  /** Adds what an item has of the future, with its sessions. */
  learn(item: Item, now: number): void {
    for (const { N, M } of Object.values(item)) {
      if (N !== undefined && Number(N) > now + 1000) this.add(Number(N))
      if (M) this.learn(M, now)
    }
  }
  near(now: number): number | undefined {
    return [now - NEAR_MS, now + NEAR_MS]
      .map((at) => this.#bySecond.get(secondOf(at)))
      .find((edge) => edge !== undefined && Math.abs(edge - now) <= NEAR_MS)
  }
}

const secondOf = (at: number): number => Math.floor(at / 1000)
