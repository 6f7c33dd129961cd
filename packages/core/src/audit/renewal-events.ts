/** The events of renewing and ending sessions (./event.ts has all others). */
import type { CallerRef } from '../identity/caller.ts'
import type { SessionId } from '../ids.ts'
import type { Instant } from '../instant.ts'
import type { Channel } from '../request/request.ts'
import type { EndedBy } from '../request/session.ts'
import type { Common, Failed, Issued, Origin } from './event.ts'

export type RenewalEvent = RenewalReserved | Renewed | RenewalFailed | RenewalAbandoned | SessionEnded | TokenUsed

/** What the events of one renewal share. `set`: 8 random characters that name the set of credentials. */
type OfRenewal = Common & { readonly session: SessionId; readonly set: string }

/** The intent of a further set of credentials. From here on Stint can call AWS for it. */
type RenewalReserved = OfRenewal &
  Origin & {
    readonly type: 'session.renewal-reserved'
    readonly caller: CallerRef
    readonly terms: string
    /** When the set expires: never after the session. */
    readonly expiresAt: Instant
    readonly build: string
    readonly trace: string
  }

type Renewed = OfRenewal &
  Pick<Issued, 'accessKeyId' | 'assumedRoleId' | 'expiration' | 'awsRequestId' | 'sends'> & { readonly type: 'session.renewed' }

type RenewalFailed = OfRenewal & Pick<Failed, 'code' | 'reason' | 'awsRequestId' | 'sends'> & { readonly type: 'session.renewal-failed' }

/** A renewal was not completed in time. No credentials left Stint. */
type RenewalAbandoned = OfRenewal & { readonly type: 'session.renewal-abandoned' }

/** The session was ended before its time: it is not renewed again. Revoking its request ends it too, with the event of the request. */
type SessionEnded = Common &
  Partial<Origin> & {
    readonly type: 'session.ended'
    readonly session: SessionId
    readonly endedBy: Exclude<EndedBy, 'revoke'>
    readonly by?: CallerRef
    readonly channel?: Channel
    /** When its newest credentials expire; absent if none were issued. */
    readonly credentialsExpireBy?: Instant
    /** Its caller accepted that all credentials which the role issued before are denied, too. */
    readonly everyEarlierSession?: true
  }

/** A single-use token renewed a session, so it cannot be used again. The journal is that of the token. */
type TokenUsed = Common & Origin & { readonly type: 'token.used'; readonly caller: CallerRef; readonly session: SessionId }
