/**
 * The person that a Slack user is linked to, with their current claims. Of what was true when the link was made, only the identity
 * is still used. Claims are read again from the directory; without a directory, only rules that match on `sub` alone apply.
 */
import type { Rules } from '@stint/core/config/shape'
import { type Caller, linkedCaller } from '@stint/core/identity/caller'
import { activeAt, type SlackUser, settledAt } from '@stint/core/identity/link'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import type { SlackApi } from '../adapters/slack.ts'
import type { Linking } from '../approvals/link.ts'
import { isMemberAs, notAMember } from '../approvals/workspaces.ts'
import type { Directory } from '../ports/directory.ts'
import type { Log } from '../ports/runtime.ts'

export type Known = {
  readonly caller: Caller
  /** The link is old enough for decisions. */
  readonly settled: boolean
  /** The issuer has a directory, and it did not answer. It might have said that the person left. */
  readonly directorySilent: boolean
}

export type WhoParts = {
  readonly rules: Rules
  readonly linking: Linking
  readonly api: Pick<SlackApi, 'user'>
  readonly directory: Directory
  readonly log: Log
}

/** `call`: SHA-256 of what Slack signed. */
export async function whoIs(
  { rules, linking, api, directory, log }: WhoParts,
  slack: SlackUser,
  call: string,
  now: Instant,
): Promise<Done<Known> | Refused<'link-unknown' | 'not-eligible'> | Unknown> {
  const found = await linking.ofSlack(slack, now)
  if (found.outcome === 'unknown') return found
  const active = activeAt(found.value, now)
  if (!found.value || !active) return refused('link-unknown', 'Your Slack user is not linked. Link it first: /stint link')
  const { caller, fullSubject } = found.value
  const [user, claims] = await Promise.all([api.user(slack.user), directory.claimsOf(caller.issuer, fullSubject ?? caller.subject)])

  // If Slack says that the user is not a member, the link ends. If Slack does not answer, the link holds: it was made by a member.
  if (user.outcome === 'done' && !(rules.slack && isMemberAs(rules.slack, user.value, slack))) {
    await linking.end(caller, 'not-a-member', now, { only: slack })
    return refused('link-unknown', notAMember)
  }
  if (user.outcome === 'refused' && aboutTheUser.has(user.error))
    return refused('link-unknown', 'Slack does not list you as a member of this workspace.')
  if (user.outcome !== 'done')
    log({
      level: 'error',
      event: 'slack-user-unknown',
      outcome: user.outcome,
      ...(user.outcome === 'refused' ? { error: user.error } : {}),
    })

  const issuer = rules.issuers[caller.issuer]
  if (issuer?.kind !== 'human') return refused('link-unknown', 'The identity provider of your link is no longer trusted.')
  if (claims.outcome === 'unknown') log({ level: 'error', event: 'directory-unknown', cause: claims.cause })
  if (claims.outcome === 'done' && !claims.value && rules.directories?.[caller.issuer])
    return refused('not-eligible', 'You are no longer in the directory.')
  const known = claims.outcome === 'done' ? (claims.value ?? {}) : {}
  return done({
    caller: linkedCaller(issuer, found.value, known, { hash: call, now }),
    settled: settledAt(active, now),
    directorySilent: claims.outcome === 'unknown',
  })
}
/** Errors of `users.info` that are about the user, and not about Stint or Slack. */
const aboutTheUser: ReadonlySet<string> = new Set(['user_not_found', 'user_not_visible', 'account_inactive'])
