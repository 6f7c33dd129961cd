/** Links of Slack users to people. `core/identity/link.ts` decides. */
import type { Origin } from '@stint/core/audit/event'
import type { Link, LinkChange, LinkId } from '@stint/core/identity/link'
import type { Instant } from '@stint/core/instant'
import type { Done, Refused, Unknown } from '@stint/core/outcome'

/** Which person a code or a Slack user belongs to. A pointer only says where to look: the link itself must confirm it. */
export type Pointer = { readonly kind: 'code' | 'slack'; readonly name: string }

export type Links = {
  link(id: LinkId): Promise<Done<Link | undefined> | Unknown>
  /** Conditional on the version that was read; false if another writer was faster. */
  writeLink(
    id: LinkId,
    version: number,
    change: LinkChange,
    now: Instant,
    origin?: Origin,
  ): Promise<Done<boolean> | Refused<'frozen'> | Unknown>
  /** Sets the pointer if it points nowhere yet, or to `before`; false if it points elsewhere. */
  point(at: Pointer, to: LinkId, expiresAt: Instant, before?: LinkId): Promise<Done<boolean> | Unknown>
  pointed(at: Pointer): Promise<Done<LinkId | undefined> | Unknown>
  /** How many wrong codes this Slack user has recently tried. */
  wrongCodes(slack: string, now: Instant): Promise<Done<number> | Unknown>
  countWrongCode(slack: string, now: Instant): Promise<Done<number> | Unknown>
}
