/** Links of Slack users to people. Decided by `core/identity/link.ts`. */
import type { Circumstances } from '@stint/core/audit/event'
import type { Link, LinkChange, LinkId } from '@stint/core/identity/link'
import type { Instant } from '@stint/core/instant'
import type { Done, Refused, Unknown } from '@stint/core/outcome'

/** Whose a code or a Slack user is. A pointer only says where to look: the link itself must name it back. */
export type Pointer = { readonly kind: 'code' | 'slack'; readonly name: string }

export type Links = {
  link(id: LinkId): Promise<Done<Link | undefined> | Unknown>
  /** Upon the version that was read; false if somebody was faster. */
  writeLink(id: LinkId, version: number, change: LinkChange, now: Instant, came?: Circumstances): Promise<Done<boolean> | Refused | Unknown>
  /** Where it points nowhere yet, or to `before`; false if it points elsewhere. */
  point(at: Pointer, to: LinkId, expiresAt: Instant, before?: LinkId): Promise<Done<boolean> | Unknown>
  pointed(at: Pointer): Promise<Done<LinkId | undefined> | Unknown>
  /** How many wrong codes this Slack user has tried lately. */
  wrongCodes(slack: string, now: Instant): Promise<Done<number> | Unknown>
  countWrongCode(slack: string, now: Instant): Promise<Done<number> | Unknown>
}
