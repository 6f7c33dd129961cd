/**
 * Room in the item of a request. DynamoDB refuses a write that makes an item larger than 400 KB (Amazon DynamoDB Developer Guide,
 * "Constraints"), and an end or a revocation must never be refused for that reason. So each reservation takes, in advance, the bytes of all
 * that can follow from it: its outcome and, for a session, its end. The attribute `room` has the bytes that further reservations can take.
 *
 * `item-size.test.ts` holds the numbers of this file, `askedRoom` and `renewalRoom` to the longest values that there can be.
 */
import type { JournalEntry } from '@stint/core/audit/event'

export const MAX_ITEM_BYTES = 409_600
/** What no reservation writes, besides the terms: justifications, decisions, notices, a review, index keys. */
const REST_BYTES = 60_000
/** The room of a request without a reservation, without its terms. */
export const ROOM_BYTES = MAX_ITEM_BYTES - REST_BYTES

/** The salt and the names of the journal entry that reserves. */
const ENTRY_BYTES = 48
/** The outcome of a session as event and attribute, without the names that AWS returns in both; and the newest renewal, which it also has. */
const ISSUED_BYTES = 850
/** In both, AWS's names have more than the ARN of the role and twice the session name: the service, the role's ID, separators. */
const NAMES_BYTES = 2 * 40
/** The event of an end, by a caller with the longest names, and its attributes. */
const ENDED_BYTES = 1080

/** What a session takes, with its outcome and its end. Its JSON is never shorter than what DynamoDB counts. */
export const sessionRoom = ({ event }: JournalEntry, session: { readonly sessionName: string }, roleArn: string): number =>
  Buffer.byteLength(event + JSON.stringify(session)) +
  2 * (roleArn.length + 2 * session.sessionName.length) +
  (ENTRY_BYTES + ISSUED_BYTES + NAMES_BYTES + ENDED_BYTES)
