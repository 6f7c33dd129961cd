/** What Slack's entry points and notifier remember in the side table. Nothing of it grants anything. */
import type { FreezeId } from '@stint/core/access/freeze'
import type { LinkId } from '@stint/core/identity/link'
import type { RequestId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import type { Done, Unknown } from '@stint/core/outcome'

/** A message that Stint has posted, or was about to. Without `ts` nobody knows yet whether it stands there. */
export type Post = {
  /** What it is within its request: `root#C1`, `event#3`, `told#approved`. */
  readonly key: string
  readonly claimedAt: Instant
  readonly channel?: string
  readonly ts?: string
  /** The request's version that it shows. */
  readonly version?: number
}

/** A request whose messages are not as they should be, and when that is tried again. */
export type Owed = {
  readonly request: OwedId
  readonly tries: number
  readonly next: Instant
  readonly cause: string
  /** Tried so often that it waits for a person. */
  readonly dead: boolean
}

/** Requests, links of people, and freezes. */
export type OwedId = RequestId | LinkId | FreezeId

export type SlackState = {
  /** Whether this signature has not been used before. */
  firstSeen(signature: string, now: Instant): Promise<Done<boolean> | Unknown>
  posts(request: OwedId): Promise<Done<readonly Post[]> | Unknown>
  /** Whoever gets true posts it. A claim without a message grows old. */
  claimPost(request: OwedId, key: string, now: Instant, oldBefore: Instant): Promise<Done<boolean> | Unknown>
  /** False where a newer version is kept already: it may be what Slack showed, until ours was said. */
  keepPost(request: OwedId, post: Post): Promise<Done<boolean> | Unknown>
  dropPost(request: OwedId, key: string): Promise<Done<true> | Unknown>
  owed(): Promise<Done<readonly Owed[]> | Unknown>
  owe(owed: Owed): Promise<Done<true> | Unknown>
  /** Owed no more, if nobody has written it anew since it was read. */
  settle(owed: Owed): Promise<Done<true> | Unknown>
}
