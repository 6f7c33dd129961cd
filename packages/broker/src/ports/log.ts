/**
 * What the log needs from the world: objects, a head that moves only by compare-and-swap, a key that signs. An adapter
 * that cannot get an answer throws `Trouble`: the whole batch is then tried again, and every write of it is idempotent.
 */
import type { Checkpoint } from '@stint/tlog/checkpoint'
import type { Edge, Hash } from '@stint/tlog/merkle'
import type { NoteKey, NoteSignature } from '@stint/tlog/note'

/** A dependency did not answer, or not as it should. */
export class Trouble extends Error {}
/** What must not be: the log has two versions, or somebody changed it. Nothing more is written until people have looked. */
export class Halt extends Error {}

export type StoredObject = { readonly bytes: Uint8Array; readonly etag: string }

/** Where objects lie: a bucket, a folder, or memory. Paths have no leading slash. */
export type ObjectStore = {
  get(path: string): Promise<StoredObject | undefined>
  /** Creates the object; never replaces one. `final`: it will never change, and may be locked. */
  create(path: string, bytes: Uint8Array, options?: { readonly final?: boolean }): Promise<'created' | 'exists'>
  /** Replaces the object with this etag, or creates it where there is none and none was named. */
  replace(path: string, bytes: Uint8Array, etag: string | undefined): Promise<'replaced' | 'changed'>
  remove(path: string): Promise<void>
  /** Every path that begins so, in order. */
  list(prefix: string): Promise<readonly string[]>
}

/** Signs as the log. The key never leaves it. */
export type Signer = { readonly key: NoteKey; sign(message: Uint8Array): Promise<Uint8Array> }

/** Somebody else who has seen every checkpoint so far, and signs that the next one continues them. */
export type Witness = {
  readonly name: string
  /** `old` and its proof are made when the witness says how far it has come. */
  cosign(checkpoint: Checkpoint, note: string, proof: (old: number) => Promise<readonly Hash[]>): Promise<readonly NoteSignature[]>
}

/** Where the log stands. Whoever moves it has named the stage that must be applied before it moves again. */
export type Head = {
  readonly size: number
  readonly root: Hash
  readonly edge: Edge
  /** The name of the stage that led here. */
  readonly stage: string
  readonly applied: boolean
}

/** How far a journal has been shipped, and where its entries lie in the log. */
export type Cursor = {
  readonly count: number
  /** Of the last event shipped, and of the first. */
  readonly commit: string
  readonly first: string
  readonly places: readonly number[]
}

/** A look-up row: where to find an event by something it is about. Derived, rebuildable, never authority. */
export type LookupRow = { readonly key: string; readonly at: string; readonly request: string; readonly seq: number }

export type LogState = {
  head(): Promise<Head | undefined>
  /** Compare-and-swap: `false` if the head is no longer the one that was read. */
  move(from: Head | undefined, to: Head): Promise<boolean>
  /** Marks the head applied, if it is still that of this stage. */
  applied(stage: string): Promise<void>
  cursors(requests: readonly string[]): Promise<ReadonlyMap<string, Cursor>>
  /** Moves a cursor from where it stood; one that stands there or further already stays. */
  advance(request: string, from: number, to: Cursor): Promise<void>
  index(rows: readonly LookupRow[]): Promise<void>
  unindex(rows: readonly LookupRow[]): Promise<void>
  /** Rows of a key, newest first, below a bound. */
  lookup(key: string, limit: number, before?: string): Promise<readonly LookupRow[]>
}
