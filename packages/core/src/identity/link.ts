/**
 * The binding of a Slack user to a person: a code that the person was given, typed in Slack by whoever is to be bound, and
 * confirmed by the person, freshly signed in, who sees whom it would be. Either half alone binds nobody: a code that was
 * seen over a shoulder ends in a question to its owner, and a Slack account alone has no code.
 *
 * Decisions are pure; `undefined` for a link is one that never was. One subject has one Slack user, and one Slack user one
 * subject: the latter is kept by whoever stores links (the port `Links`).
 */
import { digestFields } from '../digest.ts'
import { type Instant, seconds } from '../instant.ts'
import { type Done, done, type Refused, refused } from '../outcome.ts'
import type { Caller, CallerRef } from './caller.ts'

/** Names the journal of one subject's links. */
export type LinkId = `lnk_${string}`
export const linkId = ({ issuer, subject }: Pick<CallerRef, 'issuer' | 'subject'>): LinkId =>
  `lnk_${digestFields('link/v1', [issuer, subject])}`

/** A Slack user is one of one workspace; the name is only shown. */
export type SlackUser = { readonly team: string; readonly user: string }
export type NamedSlackUser = SlackUser & { readonly name: string }
export const slackText = ({ team, user }: SlackUser): string => `${team}/${user}`

/** What is bound to: who a token said that they are, and what AWS knows them by. */
export type Linked = { readonly caller: CallerRef; readonly identity: string }

export type Link = Linked & {
  readonly id: LinkId
  /** Grows with every change. */
  readonly version: number
  /** A code that was given out: its SHA-256. */
  readonly offer?: { readonly code: string; readonly expiresAt: Instant }
  /** Who typed it, and waits to be confirmed. */
  readonly pending?: { readonly slack: NamedSlackUser; readonly expiresAt: Instant; readonly code: string }
  readonly active?: { readonly slack: NamedSlackUser; readonly since: Instant; readonly expiresAt: Instant }
  /** Codes that were typed within an hour: each is an event, and a journal is finite. */
  readonly typed?: { readonly since: Instant; readonly count: number }
}

/** How long a code, and then its confirmation, may take. */
export const CODE_SECONDS = 600
/** Wrong codes, after which a Slack user has to wait for as long. */
export const WRONG_CODES = 5
/** Codes of one person that may be typed within an hour. */
export const TYPED_AN_HOUR = 10
export const LINK_DAYS = 90
/** No decision so soon after a link was made: whoever made it by trickery has told both sides meanwhile. */
export const LINK_SETTLES_SECONDS = 600

export type LinkEvent =
  | { readonly type: 'link.pending'; readonly by: CallerRef; readonly slack: string }
  | { readonly type: 'link.made'; readonly by: CallerRef; readonly slack: string; readonly expiresAt: Instant; readonly email?: true }
  | { readonly type: 'link.ended'; readonly by: CallerRef; readonly slack: string; readonly reason: LinkEnd }
/** `unlinked` by the person, `replaced` by a newer one of either side, `not-a-member` where Slack says so. */
export type LinkEnd = 'unlinked' | 'replaced' | 'not-a-member'

export type LinkChange = { readonly link: Omit<Link, 'id' | 'version'>; readonly events: readonly LinkEvent[] }
/** `unchanged`: it already is so, as after an answer that was lost. */
export type LinkDecided = Done<LinkChange | 'unchanged'> | Refused

/** The link in force. DynamoDB deletes late, so time is looked at here. */
export const activeAt = (link: Link | undefined, now: Instant): Link['active'] =>
  link?.active !== undefined && link.active.expiresAt > now ? link.active : undefined

export const settledAt = (active: NonNullable<Link['active']>, now: Instant): boolean => now >= active.since + seconds(LINK_SETTLES_SECONDS)

const isSame = (a: SlackUser, b: SlackUser): boolean => a.team === b.team && a.user === b.user
const without = ({ id: _id, version: _version, ...rest }: Link): LinkChange['link'] => rest
/** What outlives every change. */
const kept = (link: Link | undefined): Pick<Link, 'typed'> => (link?.typed ? { typed: link.typed } : {})
const linked = (caller: Linked): Linked => ({ caller: caller.caller, identity: caller.identity })
/** The links of this person begin with what today's token says of them. */
const baseOf = (link: Link | undefined, caller: Linked): LinkChange['link'] => ({ ...(link ? without(link) : {}), ...linked(caller) })

/** A code is given out; one that was given out before is good no more. The link in force stays until another is confirmed. */
export function offer(link: Link | undefined, caller: Linked, code: string, now: Instant): LinkDecided {
  const { pending: _pending, ...base } = baseOf(link, caller)
  return done({ link: { ...base, offer: { code, expiresAt: now + seconds(CODE_SECONDS) } }, events: [] })
}

/** Somebody typed it in Slack. Good once. */
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

/** The person says: yes, that is me. `seen` is whom they were shown. */
export function confirm(link: Link | undefined, caller: Linked, seen: SlackUser, now: Instant): LinkDecided {
  const active = activeAt(link, now)
  if (!link?.pending || link.pending.expiresAt <= now) {
    if (active && isSame(active.slack, seen)) return done('unchanged')
    return refused('link-unknown', 'No Slack user is waiting for your confirmation. Get a code and enter it in Slack first.')
  }
  if (!isSame(link.pending.slack, seen)) return refused('request-changed', 'Another Slack user has entered the code meanwhile.')
  return made(link, caller, link.pending.slack, now)
}

/** Without a code, where the workspace vouches for its e-mail addresses. */
export const linkByEmail = (link: Link | undefined, caller: Linked, slack: NamedSlackUser, now: Instant): LinkDecided =>
  made(link, caller, slack, now, true)

function made(link: Link | undefined, caller: Linked, slack: NamedSlackUser, now: Instant, email?: true): LinkDecided {
  const before = activeAt(link, now)
  const expiresAt = now + seconds(LINK_DAYS * 86_400)
  return done({
    link: { ...linked(caller), active: { slack, since: now, expiresAt }, ...kept(link) },
    events: [
      ...(before ? [endedEvent(caller.caller, before.slack, 'replaced')] : []),
      { type: 'link.made', by: caller.caller, slack: slackText(slack), expiresAt, ...(email ? { email } : {}) },
    ],
  })
}

/** Ends the link in force and whatever was to become one. `slack`: the one in force, and only if it is with this Slack user. */
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

/** Who a caller is, for a link of theirs. */
export const linkedOf = (caller: Caller): Linked => ({
  caller: { issuer: caller.issuer, subject: caller.subject, name: caller.name, kind: caller.kind },
  identity: caller.identity,
})
