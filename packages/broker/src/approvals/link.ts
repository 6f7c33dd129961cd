/**
 * Linking a Slack user, step by step: a code, the code entered in Slack, the confirmation, and removal. `core/identity/link.ts` decides
 * what each step may do. This file decides the order of the writes, so that a half-finished link grants nothing.
 */
import type { Origin } from '@stint/core/audit/event'
import { sha256Hex, toCrockford } from '@stint/core/digest'
import type { CallerRef } from '@stint/core/identity/caller'
import {
  activeAt,
  CODE_SECONDS,
  claim,
  confirm,
  end,
  type Link,
  type LinkDecided,
  type LinkEnd,
  type Linked,
  type LinkId,
  type LinkRefusal,
  linkByEmail,
  linkId,
  type NamedSlackUser,
  offer,
  type SlackUser,
  slackText,
  WRONG_CODES,
} from '@stint/core/identity/link'
import type { RandomBytes } from '@stint/core/ids'
import { type Instant, seconds } from '@stint/core/instant'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import type { Links } from '../ports/links.ts'

const MAX_ROUNDS = 8
const codeHash = (code: string): string => sha256Hex(`stint-link/v1 ${code}`)
/** A code as it is read aloud and typed: in any case, with or without hyphens; `o` is 0, `i` and `l` are 1 (Crockford). */
const plainCode = (typed: string): string => typed.toLowerCase().replace(/[-\s]/g, '').replaceAll('o', '0').replace(/[il]/g, '1')

type Subject = Pick<CallerRef, 'issuer' | 'subject'>
type LinkChanged = Done<Link> | Refused<LinkRefusal | 'frozen'> | Unknown
/** `fresh`: it was changed by this call. */
type LinkWritten = Done<{ readonly link: Link; readonly fresh: boolean }> | Refused<LinkRefusal | 'frozen'> | Unknown

const linkOf = (written: LinkWritten): LinkChanged => (written.outcome === 'done' ? done(written.value.link) : written)
const tooManyWrong = refused('rate-limited', 'Too many invalid codes. Try again in ten minutes.')
const takenSince = refused('link-unknown', 'This Slack user has since been linked to another person. Get a new code.')
const tooOften = refused(
  'rate-limited',
  'This link has been changed too often. You can still remove it. To link again, ask your operators.',
)
export type Linking = ReturnType<typeof linking>

export function linking(store: Links, random: RandomBytes) {
  async function change(id: LinkId, now: Instant, decide: (found: Link | undefined) => LinkDecided, origin?: Origin): Promise<LinkWritten> {
    let seen: number | undefined
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = await store.link(id)
      if (found.outcome === 'unknown') return found
      const decided = decide(found.value)
      if (decided.outcome === 'refused') return decided
      if (decided.value === 'unchanged')
        return found.value ? done({ link: found.value, fresh: false }) : refused('link-unknown', 'Link not found.')
      const version = found.value?.version ?? 0
      // No other writer got in between, so the write failed because the journal is full.
      if (version === seen && version > 0) return tooOften
      seen = version
      const written = await store.writeLink(id, version, decided.value, now, origin)
      if (written.outcome !== 'done') return written
      if (written.value) return done({ link: { ...decided.value.link, id, version: version + 1 }, fresh: true })
      // Another writer was faster, or the response to our own write was lost. Decide again on what is stored now.
    }
    return { outcome: 'unknown', cause: 'the link kept changing during the call' }
  }

  /**
   * From now on the Slack user belongs to this person, and any previous owner loses their link. A link that already existed gets its
   * pointer back only if no other link has taken it: a void link does not become valid again.
   */
  async function pointBack({ link, fresh }: { readonly link: Link; readonly fresh: boolean }, now: Instant): Promise<LinkChanged> {
    const active = activeAt(link, now)
    if (!active) return done(link)
    const at = { kind: 'slack', name: slackText(active.slack) } as const
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = await store.pointed(at)
      if (before.outcome === 'unknown') return before
      const other = before.value === link.id ? undefined : before.value
      if (other && !fresh) return takenSince
      // End the other person's link first, and log that: after the pointer has moved, nothing would come back to do it.
      const ended = other && (await change(other, now, (found) => end(found, 'replaced', now, active.slack)))
      if (ended?.outcome === 'unknown') return ended
      const pointed = await store.point(at, link.id, active.expiresAt, before.value)
      if (pointed.outcome === 'unknown') return pointed
      if (pointed.value) return done(link)
    }
    return takenSince
  }

  return {
    /** The person's link in its current state. */
    ofPerson: (person: Subject) => store.link(linkId(person)),

    /** The active link of a Slack user: the user's pointer names the person's link, and that link names the user. */
    async ofSlack(slack: SlackUser, now: Instant): Promise<Done<Link | undefined> | Unknown> {
      const pointed = await store.pointed({ kind: 'slack', name: slackText(slack) })
      if (pointed.outcome === 'unknown' || !pointed.value) return pointed as Done<undefined> | Unknown
      const found = await store.link(pointed.value)
      if (found.outcome === 'unknown') return found
      const active = activeAt(found.value, now)
      return done(active && slackText(active.slack) === slackText(slack) ? found.value : undefined)
    },

    /** The Slack user of a person, if both name each other. */
    async slackOf(person: Subject, now: Instant): Promise<Done<NamedSlackUser | undefined> | Unknown> {
      const found = await store.link(linkId(person))
      if (found.outcome === 'unknown') return found
      const active = activeAt(found.value, now)
      if (!active) return done(undefined)
      const pointed = await store.pointed({ kind: 'slack', name: slackText(active.slack) })
      if (pointed.outcome === 'unknown') return pointed
      return done(pointed.value === linkId(person) ? active.slack : undefined)
    },

    /** Creates a code for this person. It is shown to no other caller, and only its hash is stored. */
    async offer(
      caller: Linked,
      now: Instant,
    ): Promise<Done<{ readonly code: string; readonly expiresAt: Instant }> | Refused<LinkRefusal | 'frozen'> | Unknown> {
      const code = toCrockford(random(17), 26)
      const expiresAt = now + seconds(CODE_SECONDS)
      const pointed = await store.point({ kind: 'code', name: codeHash(code) }, linkId(caller.caller), expiresAt)
      if (pointed.outcome === 'unknown') return pointed
      const changed = linkOf(await change(linkId(caller.caller), now, (found) => offer(found, caller, codeHash(code), now)))
      return changed.outcome === 'done' ? done({ code: code.match(/.{1,5}/g)?.join('-') ?? code, expiresAt }) : changed
    },

    async claim(typed: string, slack: NamedSlackUser, now: Instant, origin: Origin): Promise<LinkChanged> {
      const code = codeHash(plainCode(typed))
      const [owner, wrong] = await Promise.all([store.pointed({ kind: 'code', name: code }), store.wrongCodes(slackText(slack), now)])
      if (wrong.outcome === 'unknown') return wrong
      if (owner.outcome === 'unknown') return owner
      if (wrong.value >= WRONG_CODES) return tooManyWrong
      const claimed = owner.value
        ? linkOf(await change(owner.value, now, (found) => claim(found, code, slack, now), origin))
        : refused('link-unknown', 'The code is unknown, used or expired.')
      if (claimed.outcome !== 'refused' || claimed.code !== 'link-unknown') return claimed
      const counted = await store.countWrongCode(slackText(slack), now)
      if (counted.outcome === 'unknown') return counted
      return counted.value >= WRONG_CODES ? tooManyWrong : claimed
    },

    async confirm(caller: Linked, seen: SlackUser, now: Instant, origin: Origin): Promise<LinkChanged> {
      const changed = await change(linkId(caller.caller), now, (found) => confirm(found, caller, seen, now), origin)
      return changed.outcome === 'done' ? pointBack(changed.value, now) : changed
    },

    async byEmail(caller: Linked, slack: NamedSlackUser, now: Instant, origin: Origin): Promise<LinkChanged> {
      const changed = await change(linkId(caller.caller), now, (found) => linkByEmail(found, caller, slack, now), origin)
      return changed.outcome === 'done' ? pointBack(changed.value, now) : changed
    },

    /** `only`: the Slack user whose link ends. By the time of the write, the person can be linked to another one. */
    end: async (
      person: Subject,
      reason: LinkEnd,
      now: Instant,
      { origin, only }: { readonly origin?: Origin; readonly only?: SlackUser } = {},
    ): Promise<LinkChanged> => linkOf(await change(linkId(person), now, (found) => end(found, reason, now, only), origin)),
  }
}
