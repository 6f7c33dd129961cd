/**
 * How approvers see a person: the display name, followed by the identity, which cannot be edited. Many issuers let users
 * change their display names, so a name alone proves nothing.
 */
import { isolated, shownLine } from '../shown-text.ts'
import type { Caller, CallerRef } from './caller.ts'
import { sourceIdentity } from './name.ts'

/** Characters that could make a display name look like a name followed by an identity. */
const BRACKETS = /[\p{Ps}\p{Pe}\p{Pi}\p{Pf}"⁽⁾₍₎]/u

/**
 * `Olu On-Call (acme.6f0c1b9e)`. The last parentheses contain the identity. A name that itself contains brackets or quotes is
 * quoted, so that the name `Avery (acme.avery)` is not mistaken for Avery.
 */
export function withIdentity(name: string, identity: string): string {
  const shown = shownLine(name, 80)
  return `${isolated(BRACKETS.test(shown) ? `“${shown.replace(/[“”"]/g, "'")}”` : shown)} (${isolated(shownLine(identity))})`
}

/** Issuer and subject: what the ledger stores about a person who decided. */
const issuerAndSubject = ({ issuer, subject }: Pick<CallerRef, 'issuer' | 'subject'>): string => `${issuer}/${subject}`

export const shownCaller = (caller: CallerRef): string => withIdentity(caller.name, issuerAndSubject(caller))

/** The part of a request that identifies its requester. */
type Requested = { readonly caller: CallerRef; readonly terms: { readonly sourceIdentity?: string } }

/** The identity that AWS will see: the source identity, or issuer and subject where the profile sends none. */
export const identityInAws = ({ terms, caller }: Requested): string => terms.sourceIdentity ?? issuerAndSubject(caller)

export const shownRequester = (request: Requested): string => withIdentity(request.caller.name, identityInAws(request))

/** The identity of the current caller as AWS would see it. */
export const ownIdentity = ({ issuerKey, identity }: Pick<Caller, 'issuerKey' | 'identity'>): string => sourceIdentity(issuerKey, identity)
