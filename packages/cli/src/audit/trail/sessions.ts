/** The sessions that the audit log knows, as CloudTrail will name them. */
import type { ReadEvent } from '@stint/core/audit/schema'
import { type Instant, parseIso } from '@stint/core/instant'

export type KnownSession = {
  readonly session: string
  readonly request: string
  readonly sessionName: string
  readonly sourceIdentity?: string
  /** When the credentials end at the latest. */
  readonly expiresAt: Instant
  /** `account/RoleName` of the intent. */
  readonly role: string
  readonly first: KnownSet
  /** By the names of their sets. */
  readonly renewals: Map<string, KnownSet>
  /** Calls in CloudTrail that belong to this session, except for those whose credentials were issued. */
  others: number
}

/** One set of credentials: the first of its session, or a renewal. */
export type KnownSet = {
  readonly reservedAt: Instant
  issued?: { readonly at: Instant; readonly accessKeyId: string }
  /** How often AssumeRole was sent. The maximum, until the log has the outcome. */
  sends: number
}

export const setsOf = ({ first, renewals }: KnownSession): readonly KnownSet[] => [first, ...renewals.values()]

/** AssumeRole is sent at most twice per attempt. */
const MAX_SENDS = 2
/** Without an expiration in the intent: AWS's maximum. */
const LONGEST_MS = 12 * 3_600_000

/** The events that say how often AssumeRole was sent. */
const outcomes: readonly ReadEvent['type'][] = ['session.issued', 'session.failed', 'session.renewed', 'session.renewal-failed']

/** Collects sessions from events, in the order of the log. */
export class Sessions {
  readonly byName = new Map<string, KnownSession>()
  readonly #bySession = new Map<string, KnownSession>()
  /** Requests whose events were erased. Their AWS calls belong to them, and nothing more is known. */
  readonly erased = new Set<string>()
  /** `account/RoleName` of every role in an intent. */
  readonly roles = new Set<string>()

  take(event: ReadEvent): void {
    if (event.type === 'request.erased') this.erased.add(event.request)
    if (event.type === 'session.reserved') {
      const reservedAt = parseIso(event.at) ?? 0
      const known: KnownSession = {
        session: event.session as string,
        request: event.request,
        sessionName: event.sessionName as string,
        ...(event.sourceIdentity === undefined ? {} : { sourceIdentity: event.sourceIdentity as string }),
        expiresAt: parseIso(String(event.expiresAt)) ?? reservedAt + LONGEST_MS,
        role: shortRole(event.role as string),
        first: { reservedAt, sends: MAX_SENDS },
        renewals: new Map(),
        others: 0,
      }
      this.byName.set(known.sessionName, known)
      this.#bySession.set(known.session, known)
      this.roles.add(known.role)
    }
    const known = this.#bySession.get(event.session as string)
    if (!known) return
    const at = parseIso(event.at) ?? 0
    if (event.type === 'session.renewal-reserved') known.renewals.set(event.set as string, { reservedAt: at, sends: MAX_SENDS })
    const set = event.set === undefined ? known.first : known.renewals.get(event.set as string)
    if (!set) return
    if (outcomes.includes(event.type)) set.sends = event.sends as number
    if (event.accessKeyId !== undefined) set.issued = { at, accessKeyId: event.accessKeyId as string }
  }

  /** Whether a session name is one of a request whose events were erased. */
  isErased(sessionName: string): boolean {
    const request = /(req_\w{26})\.\w{8}$/.exec(sessionName)?.[1]
    return request !== undefined && this.erased.has(request)
  }
}

/** `account/RoleName`: an assumed-role ARN has no path, so the role's ARN is compared without its path. '' if this is not a role's ARN. */
export function shortRole(arn: string): string {
  const [, account, path] = /^arn:[^:]+:iam::(\d{12}):role\/(.+)$/.exec(arn) ?? []
  return account === undefined || path === undefined ? '' : `${account}/${path.slice(path.lastIndexOf('/') + 1)}`
}

/** The parts of the ARN of a role session; undefined if it is no such ARN. */
export function sessionIn(
  arn: string | undefined,
): { readonly partition: string; readonly role: string; readonly name: string } | undefined {
  const [, partition, account, role, name] = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\/(.+)$/.exec(arn ?? '') ?? []
  return partition === undefined || name === undefined ? undefined : { partition, role: `${account}/${role}`, name }
}
