/** What Slack's entry point and notifier remember in the side table. Nothing of it grants access. */
import type { FreezeId } from '@stint/core/access/freeze'
import type { LinkId } from '@stint/core/identity/link'
import type { RequestId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import type { Done, Unknown } from '@stint/core/outcome'

/** A message that Stint has posted, or was about to. Without `ts`, it is not known yet whether it was posted. */
export type Post = {
  /** The message's name within its request: `root#C1`, `event#3`, `outcome#approved`, `ending#8k2m4p6q`. */
  readonly key: string
  readonly claimedAt: Instant
  readonly channel?: string
  readonly ts?: string
  /** The version of the request that the message shows. */
  readonly version?: number
}

/** A request whose messages are out of date, and when the update is tried again. */
export type PendingUpdate = {
  readonly request: PendingId
  readonly tries: number
  readonly next: Instant
  readonly cause: string
  /** It has failed so often that it waits for an operator. */
  readonly dead: boolean
}

/** A request whose messages are to be looked at when this time has come, because a session of it is about to end. */
export type Reminder = { readonly request: RequestId; readonly at: Instant }

/** Requests, links of people, and freezes. */
export type PendingId = RequestId | LinkId | FreezeId

export type SlackState = {
  /** Whether this signature has not been used before. */
  firstSeen(signature: string, now: Instant): Promise<Done<boolean> | Unknown>
  posts(request: PendingId): Promise<Done<readonly Post[]> | Unknown>
  /** The caller that gets true posts the message. A claim that leads to no message expires. */
  claimPost(request: PendingId, key: string, now: Instant, oldBefore: Instant): Promise<Done<boolean> | Unknown>
  /** False if a newer version is already stored. Slack may have shown that version until this update replaced it. */
  keepPost(request: PendingId, post: Post): Promise<Done<boolean> | Unknown>
  /** Removes a claim that led to no message. What was posted or claimed since stays. */
  dropPost(request: PendingId, claim: Pick<Post, 'key' | 'claimedAt'>): Promise<Done<true> | Unknown>
  /** All pending updates, and the reminders that are due, earliest first. */
  pending(now: Instant): Promise<Done<{ readonly updates: readonly PendingUpdate[]; readonly reminders: readonly Reminder[] }> | Unknown>
  addPending(update: PendingUpdate): Promise<Done<true> | Unknown>
  /** Removes the pending update, unless it was changed since it was read. */
  settle(update: PendingUpdate): Promise<Done<true> | Unknown>
  /** Adding the same reminder again changes nothing. */
  addReminder(reminder: Reminder): Promise<Done<true> | Unknown>
  removeReminder(reminder: Reminder): Promise<Done<true> | Unknown>
}
