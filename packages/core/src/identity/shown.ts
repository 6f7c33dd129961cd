/**
 * Who somebody is, as people are shown it wherever they decide: the display name, and beside it what cannot be edited. Many
 * issuers let their users change their display names, so a name alone says nothing.
 */
import { isolated, shownLine } from '../shown-text.ts'
import type { Caller, CallerRef } from './caller.ts'
import { sourceIdentity } from './name.ts'

/** A name that could be read as a name with an identity behind it. */
const BRACKETS = /[()[\]{}“”"‹›⟨⟩（）]/u

/**
 * `Olu On-Call (acme.6f0c1b9e)`. What stands in the last parentheses is the identity: a name with brackets or quotes of its own
 * is quoted, so `Avery (acme.avery)` does not pass for Avery.
 */
export function withIdentity(name: string, identity: string): string {
  const shown = shownLine(name, 80)
  return `${isolated(BRACKETS.test(shown) ? `“${shown.replace(/[“”"]/g, "'")}”` : shown)} (${isolated(shownLine(identity))})`
}

/** Issuer and subject: what the ledger keeps of approvers and others who decided. */
export const issuerAndSubject = ({ issuer, subject }: Pick<CallerRef, 'issuer' | 'subject'>): string => `${issuer}/${subject}`

export const shownCaller = (caller: CallerRef): string => withIdentity(caller.name, issuerAndSubject(caller))

/** What of a request says who asked for it. */
type Requested = { readonly caller: CallerRef; readonly terms: { readonly sourceIdentity?: string } }

/** The identity that AWS will see: the source identity, or issuer and subject where the profile sends none. */
export const identityInAws = ({ terms, caller }: Requested): string => terms.sourceIdentity ?? issuerAndSubject(caller)

export const shownRequester = (request: Requested): string => withIdentity(request.caller.name, identityInAws(request))

/** Somebody who is here now, as AWS would see them. */
export const ownIdentity = ({ issuerKey, identity }: Pick<Caller, 'issuerKey' | 'identity'>): string => sourceIdentity(issuerKey, identity)
