/**
 * Linking, as its steps are called: a code, the code typed in Slack, the confirmation, the end. What each may do is
 * `core/identity/link.ts`; here is in which order the pieces are written, so that half of it grants nothing.
 */
import type { Circumstances } from '@stint/core/audit/event'
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
/** As it is read aloud and typed: whatever case, with or without its hyphens; `o` is 0, `i` and `l` are 1 (Crockford). */
const plainCode = (typed: string): string => typed.toLowerCase().replace(/[-\s]/g, '').replaceAll('o', '0').replace(/[il]/g, '1')

type Person = Pick<CallerRef, 'issuer' | 'subject'>
type Changed = Done<Link> | Refused | Unknown
/** `fresh`: it was changed just now. */
type Written = Done<{ readonly link: Link; readonly fresh: boolean }> | Refused | Unknown

const linkOf = (written: Written): Changed => (written.outcome === 'done' ? done(written.value.link) : written)
const tooManyWrong = refused('rate-limited', 'Too many invalid codes. Try again in ten minutes.')
const takenSince = refused('link-unknown', 'This Slack user has been linked to another person since. Get a new code.')
const tooOften = refused('rate-limited', 'This link was changed too often. You can still remove it. Ask your operators.')
export type Linking = ReturnType<typeof linking>

export function linking(store: Links, random: RandomBytes) {
  async function change(
    id: LinkId,
    now: Instant,
    decide: (found: Link | undefined) => LinkDecided,
    came?: Circumstances,
  ): Promise<Written> {
    let seen: number | undefined
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = await store.link(id)
      if (found.outcome === 'unknown') return found
      const decided = decide(found.value)
      if (decided.outcome === 'refused') return decided
      if (decided.value === 'unchanged')
        return found.value ? done({ link: found.value, fresh: false }) : refused('link-unknown', 'Link not found.')
      const version = found.value?.version ?? 0
      // Nobody was faster: its journal is full.
      if (version === seen && version > 0) return tooOften
      seen = version
      const written = await store.writeLink(id, version, decided.value, now, came)
      if (written.outcome !== 'done') return written
      if (written.value) return done({ link: { ...decided.value.link, id, version: version + 1 }, fresh: true })
      // Somebody was faster, or an answer of our own was lost: what stands there now is judged anew.
    }
    return { outcome: 'unknown', cause: 'the link changed too often meanwhile' }
  }

  /**
   * The Slack user is this person's from now on; whoever they were before has no link any more. A link that stood already is
   * pointed to again only where nobody else took its place: a void one does not come back.
   */
  async function pointBack({ link, fresh }: { readonly link: Link; readonly fresh: boolean }, now: Instant): Promise<Changed> {
    const active = activeAt(link, now)
    if (!active) return done(link)
    const at = { kind: 'slack', name: slackText(active.slack) } as const
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = await store.pointed(at)
      if (before.outcome === 'unknown') return before
      const other = before.value === link.id ? undefined : before.value
      if (other && !fresh) return takenSince
      // First theirs is ended, and in the audit log: nothing would come back to it.
      const ended = other && (await change(other, now, (found) => end(found, 'replaced', now, active.slack)))
      if (ended?.outcome === 'unknown') return ended
      const pointed = await store.point(at, link.id, active.expiresAt, before.value)
      if (pointed.outcome === 'unknown') return pointed
      if (pointed.value) return done(link)
    }
    return takenSince
  }

  return {
    /** The link of a person, as it is. */
    ofPerson: (person: Person) => store.link(linkId(person)),

    /** The link in force of a Slack user: the user points to the person, and the person's link names the user. */
    async ofSlack(slack: SlackUser, now: Instant): Promise<Done<Link | undefined> | Unknown> {
      const pointed = await store.pointed({ kind: 'slack', name: slackText(slack) })
      if (pointed.outcome === 'unknown' || !pointed.value) return pointed as Done<undefined> | Unknown
      const found = await store.link(pointed.value)
      if (found.outcome === 'unknown') return found
      const active = activeAt(found.value, now)
      return done(active && slackText(active.slack) === slackText(slack) ? found.value : undefined)
    },

    /** The Slack user of a person, where both name each other. */
    async slackOf(person: Person, now: Instant): Promise<Done<NamedSlackUser | undefined> | Unknown> {
      const found = await store.link(linkId(person))
      if (found.outcome === 'unknown') return found
      const active = activeAt(found.value, now)
      if (!active) return done(undefined)
      const pointed = await store.pointed({ kind: 'slack', name: slackText(active.slack) })
      if (pointed.outcome === 'unknown') return pointed
      return done(pointed.value === linkId(person) ? active.slack : undefined)
    },

    /** A code for this person; nobody else is ever shown it, and only its hash is kept. */
    async offer(caller: Linked, now: Instant): Promise<Done<{ readonly code: string; readonly expiresAt: Instant }> | Refused | Unknown> {
      const code = toCrockford(random(17), 26)
      const expiresAt = now + seconds(CODE_SECONDS)
      const pointed = await store.point({ kind: 'code', name: codeHash(code) }, linkId(caller.caller), expiresAt)
      if (pointed.outcome === 'unknown') return pointed
      const changed = linkOf(await change(linkId(caller.caller), now, (found) => offer(found, caller, codeHash(code), now)))
      return changed.outcome === 'done' ? done({ code: code.match(/.{1,5}/g)?.join('-') ?? code, expiresAt }) : changed
    },

    async claim(typed: string, slack: NamedSlackUser, now: Instant, came: Circumstances): Promise<Changed> {
      const code = codeHash(plainCode(typed))
      const [owner, wrong] = await Promise.all([store.pointed({ kind: 'code', name: code }), store.wrongCodes(slackText(slack), now)])
      if (wrong.outcome === 'unknown') return wrong
      if (owner.outcome === 'unknown') return owner
      if (wrong.value >= WRONG_CODES) return tooManyWrong
      const claimed = owner.value
        ? linkOf(await change(owner.value, now, (found) => claim(found, code, slack, now), came))
        : refused('link-unknown', 'The code is unknown, used or expired.')
      if (claimed.outcome !== 'refused' || claimed.code !== 'link-unknown') return claimed
      const counted = await store.countWrongCode(slackText(slack), now)
      if (counted.outcome === 'unknown') return counted
      return counted.value >= WRONG_CODES ? tooManyWrong : claimed
    },

    async confirm(caller: Linked, seen: SlackUser, now: Instant, came: Circumstances): Promise<Changed> {
      const changed = await change(linkId(caller.caller), now, (found) => confirm(found, caller, seen, now), came)
      return changed.outcome === 'done' ? pointBack(changed.value, now) : changed
    },

    async byEmail(caller: Linked, slack: NamedSlackUser, now: Instant, came: Circumstances): Promise<Changed> {
      const changed = await change(linkId(caller.caller), now, (found) => linkByEmail(found, caller, slack, now), came)
      return changed.outcome === 'done' ? pointBack(changed.value, now) : changed
    },

    end: async (person: Person, reason: LinkEnd, now: Instant, came?: Circumstances): Promise<Changed> =>
      linkOf(await change(linkId(person), now, (found) => end(found, reason, now), came)),
  }
}
