/**
 * Links a Slack user to a person. The person gets a code, the Slack user enters it in Slack, and the person, freshly signed
 * in, confirms the Slack user they are shown. Neither half is enough: a stolen code leads to a question to its owner, and a
 * Slack account alone has no code.
 *
 * Decisions are pure. A link of `undefined` has never existed. A subject has one Slack user, and a Slack user has one subject;
 * the port `Links`, which stores links, enforces the latter.
 */
import { defined } from '../defined.ts'
import { digestFields } from '../digest.ts'
import { days, type Instant, seconds } from '../instant.ts'
import { type Done, done, type Refused, refused } from '../outcome.ts'
import { type Caller, type CallerRef, callerRef } from './caller.ts'

/** The ID of the journal of one subject's links. */
export type LinkId = `lnk_${string}`
export const linkId = ({ issuer, subject }: Pick<CallerRef, 'issuer' | 'subject'>): LinkId =>
  `lnk_${digestFields('link/v1', [issuer, subject])}`

/** A user of one Slack workspace. The name is for display only. */
export type SlackUser = { readonly team: string; readonly user: string }
export type NamedSlackUser = SlackUser & { readonly name: string }
export const slackText = ({ team, user }: SlackUser): string => `${team}/${user}`

/** The person a Slack user is linked to: the caller that a token named, and their identity in AWS. */
export type Linked = {
  readonly caller: CallerRef
  readonly identity: string
  /** The `sub` of that token, if the caller's subject is its digest. */
  readonly fullSubject?: string
}

export type Link = Linked & {
  readonly id: LinkId
  /** Increases with every change. */
  readonly version: number
  /** The SHA-256 of a code that was given out. */
  readonly offer?: { readonly code: string; readonly expiresAt: Instant }
  /** The Slack user who entered the code and waits for confirmation. */
  readonly pending?: { readonly slack: NamedSlackUser; readonly expiresAt: Instant; readonly code: string }
  readonly active?: { readonly slack: NamedSlackUser; readonly since: Instant; readonly expiresAt: Instant }
  /** Codes entered within an hour. Each is an event, and a journal is limited in size. */
  readonly typed?: { readonly since: Instant; readonly count: number }
}

/** How long a code is valid, and then how long its confirmation can take. */
export const CODE_SECONDS = 600
/** The number of wrong codes after which a Slack user must wait for `CODE_SECONDS`. */
export const WRONG_CODES = 5
/** How many codes of one person can be entered within an hour. */
const TYPED_AN_HOUR = 10
export const LINK_DAYS = 90
/** A new link cannot decide for this long. In that time both sides are notified, so a link made by trickery is noticed. */
export const LINK_SETTLES_SECONDS = 600

export type LinkEvent =
  | { readonly type: 'link.pending'; readonly by: CallerRef; readonly slack: string }
  | { readonly type: 'link.made'; readonly by: CallerRef; readonly slack: string; readonly expiresAt: Instant; readonly email?: true }
  | { readonly type: 'link.ended'; readonly by: CallerRef; readonly slack: string; readonly reason: LinkEnd }
/** `unlinked` by the person, `replaced` by a newer link of either side, `not-a-member` if Slack says so. */
export type LinkEnd = 'unlinked' | 'replaced' | 'not-a-member'

export type LinkChange = { readonly link: Omit<Link, 'id' | 'version'>; readonly events: readonly LinkEvent[] }
/** `unchanged`: the link is already as requested, for example after a lost response. */
export type LinkRefusal = 'link-unknown' | 'rate-limited' | 'request-changed'
export type LinkDecided = Done<LinkChange | 'unchanged'> | Refused<LinkRefusal>

/** The active link. DynamoDB deletes late, so the expiration is checked here. */
export const activeAt = (link: Link | undefined, now: Instant): Link['active'] =>
  link?.active !== undefined && link.active.expiresAt > now ? link.active : undefined

export const settledAt = (active: NonNullable<Link['active']>, now: Instant): boolean => now >= active.since + seconds(LINK_SETTLES_SECONDS)

const isSame = (a: SlackUser, b: SlackUser): boolean => a.team === b.team && a.user === b.user
const without = ({ id: _id, version: _version, ...rest }: Link): LinkChange['link'] => rest
/** The fields that every change keeps. */
const kept = (link: Link | undefined): Pick<Link, 'typed'> => (link?.typed ? { typed: link.typed } : {})
const linked = ({ caller, identity, fullSubject }: Linked): Linked => ({ caller, identity, ...defined({ fullSubject }) })
/** The base of this person's link, with the caller of today's token. */
const baseOf = (link: Link | undefined, caller: Linked): LinkChange['link'] => ({ ...(link ? without(link) : {}), ...linked(caller) })

/** Gives out a code and invalidates an earlier one. The active link stays until another is confirmed. */
export function offer(link: Link | undefined, caller: Linked, code: string, now: Instant): LinkDecided {
  const { pending: _pending, ...base } = baseOf(link, caller)
  return done({ link: { ...base, offer: { code, expiresAt: now + seconds(CODE_SECONDS) } }, events: [] })
}

/** A Slack user entered the code. A code can be used once. */
export function claim(link: Link | undefined, code: string, slack: NamedSlackUser, now: Instant): LinkDecided {
  if (link?.pending?.code === code && isSame(link.pending.slack, slack) && link.pending.expiresAt > now) return done('unchanged')
  if (!link?.offer || link.offer.code !== code || link.offer.expiresAt <= now)
    return refused('link-unknown', 'The code is unknown, used or expired.')
  const typed = link.typed && now < link.typed.since + seconds(3600) ? link.typed : { since: now, count: 0 }
  if (typed.count >= TYPED_AN_HOUR) return refused('rate-limited', 'Too many codes for this person were entered within an hour.')
  const { offer: _offer, ...base } = without(link)
  return done({
    link: {
      ...base,
      pending: { slack, code, expiresAt: now + seconds(CODE_SECONDS) },
      typed: { ...typed, count: typed.count + 1 },
    },
    events: [{ type: 'link.pending', by: link.caller, slack: slackText(slack) }],
  })
}

/** The person confirms the link. `seen` is the Slack user they were shown. */
export function confirm(link: Link | undefined, caller: Linked, seen: SlackUser, now: Instant): LinkDecided {
  const active = activeAt(link, now)
  if (!link?.pending || link.pending.expiresAt <= now) {
    if (active && isSame(active.slack, seen)) return done('unchanged')
    return refused('link-unknown', 'No Slack user is waiting for your confirmation. Get a code and enter it in Slack first.')
  }
  if (!isSame(link.pending.slack, seen)) return refused('request-changed', 'Another Slack user has entered the code meanwhile.')
  return made(link, caller, link.pending.slack, now)
}

/** Links without a code, if the config trusts the email addresses of the workspace. */
export const linkByEmail = (link: Link | undefined, caller: Linked, slack: NamedSlackUser, now: Instant): LinkDecided =>
  made(link, caller, slack, now, true)

function made(link: Link | undefined, caller: Linked, slack: NamedSlackUser, now: Instant, email?: true): LinkDecided {
  const before = activeAt(link, now)
  const expiresAt = now + days(LINK_DAYS)
  return done({
    link: { ...linked(caller), active: { slack, since: now, expiresAt }, ...kept(link) },
    events: [
      ...(before ? [endedEvent(caller.caller, before.slack, 'replaced')] : []),
      { type: 'link.made', by: caller.caller, slack: slackText(slack), expiresAt, ...(email ? { email } : {}) },
    ],
  })
}

/** Ends the active link and any offered or pending one. With `slack`: only if the active link is with this Slack user. */
export function end(link: Link | undefined, reason: LinkEnd, now: Instant, slack?: SlackUser): LinkDecided {
  const active = activeAt(link, now)
  if (!link) return refused('link-unknown', 'Link not found.')
  if (slack && !(active && isSame(active.slack, slack))) return done('unchanged')
  if (!active && !link.offer && !link.pending) return done('unchanged')
  return done({ link: { ...linked(link), ...kept(link) }, events: active ? [endedEvent(link.caller, active.slack, reason)] : [] })
}

const endedEvent = (by: CallerRef, slack: SlackUser, reason: LinkEnd): LinkEvent => ({
  type: 'link.ended',
  by,
  slack: slackText(slack),
  reason,
})

/** The part of a caller that a link stores. */
export const linkedOf = (caller: Caller): Linked => ({
  caller: callerRef(caller),
  identity: caller.identity,
  ...defined({ fullSubject: caller.fullSubject }),
})
