/**
 * Virtual time, and everything that is drawn. One seed is one schedule: every decision comes from dice that are named, so that the others draw
 * the same if one actor or one fault is taken away. Only the order within a millisecond comes from dice that all share.
 */
import { createHash } from 'node:crypto'

/** 2026-11-24T12:00:00Z. */
export const EPOCH = 1_795_521_600_000
/** A schedule that takes more steps than this does not end by itself. */
const MAX_STEPS = 400_000

export type Dice = {
  /** 0 to `n - 1`. */
  readonly int: (n: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(all: readonly T[]) => T
  readonly bytes: (count: number) => Uint8Array
}

/** Dice of a seed and a name: two names draw independently of each other. */
export function diceOf(seed: number, name: string): Dice {
  const start = createHash('sha256').update(`${seed} ${name}`).digest()
  let [a, b, c, d] = [start.readUInt32LE(0), start.readUInt32LE(4), start.readUInt32LE(8), 1]
  /** sfc32, by Chris Doty-Humphrey: small, fast, passes PractRand. */
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  const int = (n: number) => Math.floor((next() / 2 ** 32) * n)
  return {
    int,
    chance: (probability) => next() / 2 ** 32 < probability,
    pick: (all) => all[int(all.length)] as never,
    bytes(count) {
      const out = new Uint8Array(count)
      for (let at = 0; at < count; at += 4) {
        const word = next()
        for (let byte = at; byte < Math.min(at + 4, count); byte++) out[byte] = (word >>> (8 * (byte - at))) & 255
      }
      return out
    },
  }
}

export type Timer = { readonly at: number; readonly order: number; readonly run: () => void; cancelled: boolean }

/** The line of a story: when, who, what. */
export type Line = { readonly at: number; readonly text: string }

export class World {
  now = EPOCH
  steps = 0
  readonly seed: number
  /** Kept only if the story is to be told. */
  readonly story: Line[] | undefined
  #hash = 0
  #made = 0
  readonly #heap: Timer[] = []
  readonly #ties: Dice

  constructor(seed: number, told: boolean) {
    this.seed = seed
    this.story = told ? [] : undefined
    this.#ties = diceOf(seed, 'ties')
  }
  dice(name: string): Dice {
    return diceOf(this.seed, name)
  }
  /** Says what happened. All that is said enters the hash, so two runs of one seed are the same if their hashes are. */
  say(text: string): void {
    let hash = this.#hash
    for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
    this.#hash = (Math.imul(hash, 31) + (this.now % 1_000_000_007)) | 0
    this.story?.push({ at: this.now, text })
  }
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  /** Runs at this time from now, in milliseconds. What falls into the same millisecond runs in an order that is drawn. */
  after(milliseconds: number, run: () => void): Timer {
    const at = this.now + Math.max(0, Math.ceil(milliseconds))
    const timer: Timer = { at, order: this.#ties.int(2 ** 32) * 2 ** 20 + (this.#made++ % 2 ** 20), run, cancelled: false }
    const heap = this.#heap
    let place = heap.push(timer) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (isBefore(heap[parent] as Timer, timer)) break
      heap[place] = heap[parent] as Timer
      place = parent
    }
    heap[place] = timer
    return timer
  }
  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.after(milliseconds, resolve))
  }
  /** Lets time pass until this holds. False if nothing is left that could make it hold. */
  async run(until: () => boolean): Promise<boolean> {
    await settled()
    while (!until()) {
      const timer = this.#next()
      if (!timer) return false
      if (timer.cancelled) continue
      this.now = timer.at
      if (++this.steps > MAX_STEPS) throw new Error(`more than ${MAX_STEPS} steps`)
      timer.run()
      await settled()
    }
    return true
  }
  #next(): Timer | undefined {
    const heap = this.#heap
    const [first, last] = [heap[0], heap.pop()]
    if (first === undefined || last === undefined || heap.length === 0) return first
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++
      if (isBefore(last, heap[child] as Timer)) break
      heap[place] = heap[child] as Timer
      place = child
    }
    heap[place] = last
    return first
  }
}

const isBefore = (one: Timer, other: Timer): boolean => one.at < other.at || (one.at === other.at && one.order < other.order)
/** Once every promise that can go on has gone on. Nothing in a schedule waits for real input or output. */
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve))
