/** The sessions that the audit log knows, as CloudTrail will name them. */
import type { ReadEvent } from '@stint/core/audit/schema'
import { type Instant, parseIso } from '@stint/core/instant'

export type KnownSession = {
  readonly session: string
  readonly request: string
  readonly sessionName: string
  readonly sourceIdentity?: string
  readonly reservedAt: Instant
  /** When the credentials end at the latest. */
  readonly expiresAt: Instant
  /** `account/RoleName` of the intent. */
  readonly role: string
  issued?: { readonly at: Instant; readonly accessKeyId: string }
  /** How often AssumeRole was sent. The maximum, until the log has the outcome. */
  sends: number
  /** Calls in CloudTrail that belong to this session, except for the one whose credentials were issued. */
  others: number
}

/** AssumeRole is sent at most twice per attempt. */
const MAX_SENDS = 2
/** Without an expiration in the intent: AWS's maximum. */
const LONGEST_MS = 12 * 3_600_000

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
        reservedAt,
        expiresAt: parseIso(String(event.expiresAt)) ?? reservedAt + LONGEST_MS,
        role: shortRole(event.role as string),
        sends: MAX_SENDS,
        others: 0,
      }
      this.byName.set(known.sessionName, known)
      this.#bySession.set(known.session, known)
      this.roles.add(known.role)
    }
    const known = this.#bySession.get(event.session as string)
    if (!known) return
    if (event.type === 'session.failed' || event.type === 'session.issued') known.sends = event.sends as number
    if (event.type === 'session.issued') known.issued = { at: parseIso(event.at) ?? 0, accessKeyId: event.accessKeyId as string }
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
