/**
 * The memory of a verifier for hundreds of thousands of journals: a row of numbers for each, and the full journal only while
 * something in it is open.
 */
import { type Journal, type JournalStage, newJournal, stages } from '@stint/core/audit/journal'
import { sha256 } from '@stint/core/digest'

const HASH = 32
const flags = { blind: 1, erased: 2, erasureRecorded: 4, inTable: 8, seen: 16, granted: 32, reviewed: 64 } as const

export class Journals {
  readonly #rows = new Map<string, number>()
  /** Journals with something open, by row. */
  readonly #open = new Map<number, Journal>()
  readonly #callers: string[] = ['']
  readonly #callerRows = new Map<string, number>([['', 0]])
  #room = 1024
  #counts = new Uint32Array(this.#room)
  #stages = new Uint8Array(this.#room)
  #flags = new Uint8Array(this.#room)
  #uses = new Int16Array(this.#room)
  #expiresAt = new Float64Array(this.#room)
  /** In whole seconds. */
  #latest = new Uint32Array(this.#room)
  #liveUntil = new Uint32Array(this.#room)
  #caller = new Uint32Array(this.#room)
  #commits = Buffer.alloc(this.#room * HASH)
  /** Digests over all commitments so far, to compare with the table. */
  #chains: Buffer | undefined

  constructor(chained: boolean) {
    if (chained) this.#chains = Buffer.alloc(this.#room * HASH)
  }

  get size(): number {
    return this.#rows.size
  }
  entries(): IterableIterator<[string, number]> {
    return this.#rows.entries()
  }
  find(request: string): number | undefined {
    return this.#rows.get(request)
  }

  add(request: string): number {
    const row = this.#rows.size
    if (row === this.#room) this.#grow()
    this.#rows.set(request, row)
    this.#open.set(row, newJournal())
    return row
  }

  #grow(): void {
    this.#room *= 2
    const numbers = <T extends Uint32Array | Uint8Array | Int16Array | Float64Array>(larger: T, old: T): T => {
      larger.set(old)
      return larger
    }
    this.#counts = numbers(new Uint32Array(this.#room), this.#counts)
    this.#stages = numbers(new Uint8Array(this.#room), this.#stages)
    this.#flags = numbers(new Uint8Array(this.#room), this.#flags)
    this.#uses = numbers(new Int16Array(this.#room), this.#uses)
    this.#expiresAt = numbers(new Float64Array(this.#room), this.#expiresAt)
    this.#latest = numbers(new Uint32Array(this.#room), this.#latest)
    this.#liveUntil = numbers(new Uint32Array(this.#room), this.#liveUntil)
    this.#caller = numbers(new Uint32Array(this.#room), this.#caller)
    this.#commits = numbers(Buffer.alloc(this.#room * HASH), this.#commits)
    this.#chains &&= numbers(Buffer.alloc(this.#room * HASH), this.#chains)
  }

  count(row: number): number {
    return this.#counts[row] ?? 0
  }
  /** In hex; empty before the first event. */
  commit(row: number): string {
    return this.count(row) === 0 ? '' : this.#commits.toString('hex', row * HASH, (row + 1) * HASH)
  }
  chain(row: number): Buffer {
    return this.#chains?.subarray(row * HASH, (row + 1) * HASH) ?? Buffer.alloc(0)
  }

  /** Adds one event to the journal. */
  advance(row: number, count: number, commit: string): void {
    if (this.#chains) chainOf(this.chain(row), commit).copy(this.#chains, row * HASH)
    this.#counts[row] = count
    this.#commits.write(commit, row * HASH, 'hex')
  }

  journal(row: number): Journal {
    const open = this.#open.get(row)
    if (open) return open
    const has = (flag: number) => ((this.#flags[row] ?? 0) & flag) !== 0
    return {
      ...newJournal(),
      stage: stages[this.#stages[row] ?? 0] as JournalStage,
      blind: has(flags.blind),
      seen: has(flags.seen),
      erased: has(flags.erased),
      erasureRecorded: has(flags.erasureRecorded),
      granted: has(flags.granted),
      reviewed: has(flags.reviewed),
      usesLeft: this.#uses[row] ?? 0,
      expiresAt: this.#expiresAt[row] ?? 0,
      latest: (this.#latest[row] ?? 0) * 1000,
      liveUntil: (this.#liveUntil[row] ?? 0) * 1000,
      caller: this.#callers[this.#caller[row] ?? 0] ?? '',
    }
  }

  /** Stores the journal: in full, or as numbers if nothing in it is open. */
  keep(row: number, journal: Journal): void {
    if (
      journal.waiting ||
      journal.facts ||
      journal.texts ||
      journal.sessions ||
      journal.releaseAskedBy ||
      journal.slack ||
      journal.linked
    ) {
      this.#open.set(row, journal)
      return
    }
    this.#open.delete(row)
    this.#stages[row] = stages.indexOf(journal.stage)
    this.#flags[row] =
      ((this.#flags[row] ?? 0) & flags.inTable) |
      (journal.blind ? flags.blind : 0) |
      (journal.seen ? flags.seen : 0) |
      (journal.erased ? flags.erased : 0) |
      (journal.erasureRecorded ? flags.erasureRecorded : 0) |
      (journal.granted ? flags.granted : 0) |
      (journal.reviewed ? flags.reviewed : 0)
    this.#uses[row] = journal.usesLeft
    this.#expiresAt[row] = journal.expiresAt
    this.#latest[row] = Math.floor(journal.latest / 1000)
    this.#liveUntil[row] = Math.ceil(journal.liveUntil / 1000)
    this.#caller[row] = this.#callerRow(journal.caller)
  }

  #callerRow(caller: string): number {
    const known = this.#callerRows.get(caller)
    if (known !== undefined) return known
    this.#callerRows.set(caller, this.#callers.length)
    return this.#callers.push(caller) - 1
  }

  isInTable(row: number): boolean {
    return ((this.#flags[row] ?? 0) & flags.inTable) !== 0
  }
  markInTable(row: number): void {
    this.#flags[row] = (this.#flags[row] ?? 0) | flags.inTable
  }
}

export const CHAIN_START: Buffer = Buffer.alloc(HASH)
export const chainOf = (chain: Buffer, commit: string): Buffer => sha256(Buffer.concat([chain, Buffer.from(commit, 'hex')]))
