/**
 * The caller: created from a verified token, or from a confirmed Slack link.
 */
import { findClaim } from '../config/matcher.ts'
import type { ClaimRef, Issuer } from '../config/shape.ts'
import { defined } from '../defined.ts'
import { sha256Hex } from '../digest.ts'
import { fromNumericDate, type Instant, seconds } from '../instant.ts'
import { isObject, type JsonObject } from '../json.ts'
import { type Done, done, type Refused } from '../outcome.ts'
import type { Linked } from './link.ts'
import { joinedName } from './name.ts'
import { isSubject, storedSubject } from './subject.ts'
import { CLOCK_GRACE_SECONDS, type UnverifiedToken, unfit } from './token.ts'

declare const verified: unique symbol

/** Identity is issuer and subject. The name is for display only. */
export type Caller = {
  readonly [verified]: true
  /** The issuer's id in the config. */
  readonly issuer: string
  readonly issuerKey: string
  /** The token's `sub` as it is stored (`subject.ts`). */
  readonly subject: string
  /** The token's `sub`, if `subject` is its digest. */
  readonly fullSubject?: string
  readonly kind: Issuer['kind']
  readonly name: string
  /** The value of the issuer's identity claim: the caller's identity in AWS. */
  readonly identity: string
  readonly groups: readonly string[]
  readonly claims: JsonObject
  /** The issuer omitted the groups because there are too many (Entra ID). This differs from having none. */
  readonly groupsOmitted: boolean
  readonly mfa: boolean
  readonly signedInAt?: Instant
  readonly token: {
    readonly issuedAt: Instant
    readonly expiresAt: Instant
    /** SHA-256 of the signed part, in hex. The signature is left out, because it can be rewritten without a key. */
    readonly hash: string
    /** What identifies this token for single use: its `jti`, or that hash. */
    readonly once: string
    readonly audience: string
  }
}

/** The part of a caller that the ledger and the audit log store. */
export type CallerRef = Pick<Caller, 'issuer' | 'subject' | 'name' | 'kind'>

/** Whether two are one identity of one issuer. Names do not count, because their owners can change them. */
export const isSameCaller = (one: Pick<CallerRef, 'issuer' | 'subject'>, other: Pick<CallerRef, 'issuer' | 'subject'>): boolean =>
  one.issuer === other.issuer && one.subject === other.subject

export const callerRef = ({ issuer, subject, name, kind }: Caller): CallerRef => ({ issuer, subject, name, kind })

/** The claims must have passed `checkClaims`. */
export function toCaller(id: string, issuer: Issuer, token: UnverifiedToken, claims: JsonObject): Done<Caller> | Refused<'token-invalid'> {
  const sub = claims.sub as string
  const identity = findClaim(claims, issuer.identityClaim ?? 'sub')
  if (!isSubject(identity))
    return unfit(
      `the identity claim ${issuer.identityClaim} is ${identity === undefined ? 'missing' : 'invalid'}`,
      'Configure your issuer to send this claim, in 1 to 2,048 characters.',
    )
  const groups = issuer.groupsClaim === undefined ? undefined : findClaim(claims, issuer.groupsClaim)
  const hash = sha256Hex(token.signingInput)
  const caller: Omit<Caller, typeof verified> = {
    issuer: id,
    issuerKey: issuer.key,
    ...subjectOf(sub),
    kind: issuer.kind,
    name: nameOf(issuer.nameClaim, claims) || shortName(sub),
    identity,
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
    claims,
    groupsOmitted: groups === undefined && omitsGroups(claims),
    mfa: usedSecondFactor(claims, mfaAcrOf(issuer)),
    ...(typeof claims.auth_time === 'number' ? { signedInAt: fromNumericDate(claims.auth_time) } : {}),
    token: {
      issuedAt: fromNumericDate(claims.iat as number),
      expiresAt: fromNumericDate(claims.exp as number),
      hash,
      once: typeof claims.jti === 'string' && claims.jti !== '' ? `jti:${claims.jti}` : `hash:${hash}`,
      audience: JSON.stringify(claims.aud ?? claims.client_id ?? null),
    },
  }
  return done(caller as Caller)
}

/**
 * A caller who acts through a Slack link (identity/link.ts) and not with a token. The identity is the one from when the link
 * was made. `claims` are looked up now and contain at least `sub`. A linked caller never counts as signed in.
 * `call`: SHA-256 of the incoming call, used in place of a token's hash.
 */
export function linkedCaller(
  issuer: Issuer,
  { caller: { issuer: id, subject, name, kind }, identity, fullSubject }: Linked,
  claims: JsonObject,
  call: { readonly hash: string; readonly now: Instant },
): Caller {
  const groups = issuer.groupsClaim === undefined ? undefined : findClaim(claims, issuer.groupsClaim)
  const caller: Omit<Caller, typeof verified> = {
    issuer: id,
    issuerKey: issuer.key,
    subject,
    ...defined({ fullSubject }),
    kind,
    name,
    identity,
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
    claims: { ...claims, iss: issuer.url, sub: fullSubject ?? subject },
    groupsOmitted: false,
    mfa: false,
    token: { issuedAt: call.now, expiresAt: call.now, hash: call.hash, once: `hash:${call.hash}`, audience: 'null' },
  }
  return caller as Caller
}

/** The stored subject, and the full one if the stored one is a digest. */
const subjectOf = (sub: string): Pick<Caller, 'subject' | 'fullSubject'> => {
  const subject = storedSubject(sub)
  return subject === sub ? { subject } : { subject, fullSubject: sub }
}

/** Longest name from a claim, in UTF-16 units. */
const MAX_NAME = 128
const shortName = (text: string): string => text.slice(0, MAX_NAME).toWellFormed()

/** Microsoft identity platform, "Configure group claims": over 200 groups the claim is replaced by one of these. */
const omitsGroups = ({ hasgroups, _claim_names: names }: JsonObject): boolean =>
  hasgroups === true || hasgroups === 'true' || (isObject(names) && 'groups' in names)

function nameOf(refs: Issuer['nameClaim'], claims: JsonObject): string {
  const textOf = (ref: ClaimRef) => {
    const claim = findClaim(claims, ref)
    return typeof claim === 'string' ? claim.toWellFormed() : typeof claim === 'number' ? String(claim) : undefined
  }
  if (refs === undefined) return ''
  if (typeof refs === 'string') return shortName(textOf(refs) ?? '')
  const parts = refs.map(textOf)
  return parts.every((part) => part === undefined) ? '' : joinedName(parts)
}

/** OpenID Connect EAP ACR Values 1.0 §3: phishing-resistant sign-ins. */
export const mfaAcrOf = (issuer: Pick<Issuer, 'mfaAcr'>): readonly string[] => issuer.mfaAcr ?? ['phr', 'phrh']

/** RFC 8176 §2: `mfa` in amr. */
const usedSecondFactor = ({ amr, acr }: JsonObject, mfaAcr: readonly string[]): boolean =>
  (Array.isArray(amr) && amr.includes('mfa')) || (typeof acr === 'string' && mfaAcr.includes(acr))

/** A caller who did not sign in, as from Slack, and a sign-in time in the future, beyond the clock grace, do not count as recent. */
export function signedInWithin({ signedInAt }: Pick<Caller, 'signedInAt'>, ageSeconds: number, now: Instant): boolean {
  const age = signedInAt === undefined ? undefined : now - signedInAt
  return age !== undefined && age >= -seconds(CLOCK_GRACE_SECONDS) && age <= seconds(ageSeconds)
}
