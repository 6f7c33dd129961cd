/**
 * What the log needs: objects, a head that moves only by compare-and-swap, and a key that signs. An adapter that gets no response throws
 * `Trouble`: the whole batch is then tried again, and every write of it is idempotent.
 */
import type { Checkpoint } from '@stint/tlog/checkpoint'
import type { Edge, Hash } from '@stint/tlog/merkle'
import type { NoteKey, NoteSignature } from '@stint/tlog/note'

/** A dependency did not answer, or answered incorrectly. */
export class Trouble extends Error {}
/**
 * Something that must never happen: the log has two versions, or was changed. Nothing more is written until an operator has investigated.
 */
export class Halt extends Error {}

export type StoredObject = { readonly bytes: Uint8Array; readonly etag: string }

/** Reads objects in a bucket, in a folder, or in memory. Paths have no leading slash. */
export type ObjectReader = {
  get(path: string): Promise<StoredObject | undefined>
}
/** Where objects are stored. */
export type ObjectStore = ObjectReader & {
  /** Creates the object, and never replaces one. `final`: it will never change, and can be locked. */
  create(path: string, bytes: Uint8Array, options?: { readonly final?: boolean }): Promise<'created' | 'exists'>
  /** Replaces the object with this etag, or creates it if it does not exist and no etag was given. */
  replace(path: string, bytes: Uint8Array, etag: string | undefined): Promise<'replaced' | 'changed'>
  remove(path: string): Promise<void>
  /** Every path with this prefix, in order. */
  list(prefix: string): Promise<readonly string[]>
}

/** Signs as the log. The key never leaves the signer. */
export type Signer = { readonly key: NoteKey; sign(message: Uint8Array): Promise<Uint8Array> }

/** An independent party that has seen every checkpoint so far, and signs that the next one continues them. */
export type Witness = {
  readonly name: string
  /** `old` and its proof are computed once the witness says which size it has seen. */
  cosign(checkpoint: Checkpoint, note: string, proof: (old: number) => Promise<readonly Hash[]>): Promise<readonly NoteSignature[]>
}

/** The state of the log. Moving the head names the stage that must be applied before the head moves again. */
export type Head = {
  readonly size: number
  readonly root: Hash
  readonly edge: Edge
  /** The name of the stage that led here. */
  readonly stage: string
  readonly applied: boolean
}

/** How far a journal has been shipped, and where its entries are in the log. */
export type Cursor = {
  readonly count: number
  /** Of the last event shipped, and of the first. */
  readonly commit: string
  readonly first: string
  readonly places: readonly number[]
}

/** A lookup row: where to find events by something they are about. Derived data that can be rebuilt, and never authoritative. */
export type LookupRow = {
  readonly key: string
  readonly at: string
  readonly request: string
  readonly seq: number
  /** The row stands for the run that begins with this event. Absent: for this event only, as older code wrote them. */
  readonly run?: true
}

export type LogState = {
  head(): Promise<Head | undefined>
  /** Compare-and-swap: `false` if the head is no longer the one that was read. */
  move(from: Head | undefined, to: Head): Promise<boolean>
  /** Marks the head as applied, if it still names that stage. */
  applied(stage: string): Promise<void>
  cursors(requests: readonly string[]): Promise<ReadonlyMap<string, Cursor>>
  /** Moves a cursor from its previous position. A cursor that is already there or further stays. */
  advance(request: string, from: number, to: Cursor): Promise<void>
  index(rows: readonly LookupRow[]): Promise<void>
  unindex(rows: readonly LookupRow[]): Promise<void>
  /** Rows of a key, newest first, below a bound. */
  lookup(key: string, limit: number, before?: string): Promise<readonly LookupRow[]>
}
