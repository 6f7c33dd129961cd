/** Rules about who a `Who` admits, based on what Stint knows about the issuer's claims. */

import { knowledge } from '@stint/core/config/issuers/index'
import type { Knowledge, KnownClaim } from '@stint/core/config/issuers/knowledge'
import { presetOf } from '@stint/core/config/issuers/presets'
import { claimPath, matchesClaim } from '@stint/core/config/matcher'
import { nearest } from '@stint/core/config/nearest'
import type { ClaimRef, Issuer, Matcher, Preset, Who } from '@stint/core/config/shape'
import { lintBranches } from './branches.ts'
import type { Report } from './catalogue.ts'
import { emailsIn, isUnverified } from './emails.ts'
import { lintForks } from './forks.ts'
import {
  type ClaimMatchers,
  contradicts,
  fitsType,
  globsOf,
  isEditable,
  isExact,
  isPositive,
  own,
  pins,
  plainMatcher,
  plainName,
  saidOf,
  valuesOf,
} from './reach.ts'
import { starsIn, trapsIn } from './traps.ts'

/** One `Who` of the config and its path. `opens`: it gives access or a decision, and not only visibility. */
export type RulePlace = { readonly who: Who; readonly path: string; readonly issuer: Issuer; readonly opens: boolean }

/** True if no token can match the rule. */
export function lintWho({ who, path, issuer, opens }: RulePlace, report: Report): { readonly dead: boolean } {
  const preset = presetOf(issuer)
  const known = knowledge[preset]
  const said = saidOf(who, issuer.tenant)
  let dead = false
  const kill = (rule: 'unknown-claim' | 'never-fits', at: string, what: string) => {
    dead = true
    report(rule, at, what)
  }

  for (const [ref, written] of Object.entries(who.claims)) {
    const [claim, matcher, at] = [plainName(ref), plainMatcher(written), `${path}.claims.${ref}`]
    const entry = own(known.claims, claim)
    const fault = entry ? undefined : unknownFault(preset, issuer, claim)
    if (fault) {
      kill('unknown-claim', at, fault)
      continue
    }
    const pinned = Object.entries(issuer.tenant ?? {}).find(([pin]) => plainName(pin) === claim)?.[1]
    if (entry && !fitsType(matcher, entry.type))
      kill('never-fits', at, `'${claim}' is ${typeWords[entry.type]}, which this matcher never matches.`)
    else if (contradicts(matcher)) kill('never-fits', at, 'Its conditions contradict each other.')
    else if (pinned !== undefined && !matchesClaim(matcher, pinned))
      kill('never-fits', at, `The issuer's tenant pins '${claim}' to ${JSON.stringify(pinned)}, which this matcher does not match.`)
    // The subject of Okta's ID tokens is the user's ID. The subject of its access tokens is the login.
    const lasting = preset === 'okta' && claim === 'sub' && issuer.tokenUse === 'id'
    const reported = entry && !lasting && lintNames({ said, path: at, issuer, claim, matcher, entry, known, preset }, report)
    // If the rule also names the person, it admits nobody else.
    if (opens && !reported && issuer.kind === 'human' && isEditable(issuer, claim) && !namesPerson(said, issuer))
      report('user-editable', at, `Users can edit '${claim}', so they can make this rule match.`)
    else if (opens && !reported && isPositive(matcher) && isUnverified(said, issuer, claim) && !namesPerson(said, issuer))
      report('user-editable', at, `An address that is not verified is whatever the user typed. Add email_verified: true.`)
    for (const address of emailsIn(matcher, claim, issuer)) report('email-case', at, caseText(address))
  }
  // The path as the config writes it, so that the finding has a line.
  const written = (claim: ClaimRef) => Object.keys(who.claims).find((ref) => plainName(ref) === claim) ?? claim
  for (const trap of trapsIn(said, preset)) {
    if (trap.dead) dead = true
    report('never-fits', `${path}.claims.${written(trap.claim)}`, trap.what)
  }
  for (const { claim, what } of starsIn(said, preset, issuer.groupsClaim)) report('literal-star', `${path}.claims.${written(claim)}`, what)
  if (who.mfa && !known.mfa && !issuer.mfaAcr && !issuer.url.startsWith('https://sts.windows.net/'))
    kill('never-fits', `${path}.mfa`, `Tokens of ${preset} do not say whether a second factor was used.`)
  if (who.authAge && !known.authTime) kill('never-fits', `${path}.authAge`, `Tokens of ${preset} do not say when the user signed in.`)
  const named = Object.entries(said).some(([claim, matcher]) => isPositive(matcher) && enters(known, claim))
  if (opens && !dead && !named)
    report('names-nobody', path, `It matches every caller that ${preset === 'oidc' ? 'the issuer' : preset} signs a token for.`)
  if (opens) lintForks(said, preset, path, report)
  if (opens && !dead && named) lintBranches(said, preset, path, report)
  return { dead }
}

const caseText = (address: string): string =>
  `'${address}' matches only in this case, and issuers keep the case in which an address was typed.`

const typeWords: { readonly [type in KnownClaim['type']]: string } = {
  text: 'a string (IDs too)',
  number: 'a number',
  boolean: 'true or false',
  flag: 'true or false',
  texts: 'a list of strings',
  object: 'an object',
}

/** An unknown claim may be the organization's own claim for the subject. */
const enters = (known: Knowledge, claim: ClaimRef): boolean => {
  const entry = own(known.claims, claim)
  return entry ? entry.enters === true : true
}

/** Why tokens lack this claim. They can have claims that the organization adds or that the issuer's config names. */
export function unknownFault(preset: Preset, issuer: Issuer, claim: ClaimRef): string | undefined {
  const { claims, custom } = knowledge[preset]
  const outer = own(claims, claimPath(claim)[0] ?? '')
  if (/^\/.*\/\d+$/.test(claim)) return `'${claim}' is an index in a list, and lists have no order. Use includes(…).`
  const ours = [issuer.groupsClaim, issuer.identityClaim, issuer.actorClaim, ...[issuer.nameClaim ?? []].flat()]
  if (custom?.test(claim) || ours.includes(claim) || outer?.type === 'object') return undefined
  const meant = nearest(claim, Object.keys(claims))
  return `Tokens of ${preset} have no claim '${claim}'${meant ? `. Did you mean '${meant}'?` : '.'}`
}

// ── Names and wildcards ──────────────────────────────────────────────────────────────────────────────────────────────

type NamedMatcher = {
  readonly said: ClaimMatchers
  readonly path: string
  readonly issuer: Issuer
  readonly claim: ClaimRef
  readonly matcher: Matcher
  readonly entry: KnownClaim
  readonly known: Knowledge
  readonly preset: Preset
}

/** True if the claim is not a permanent name of a person. */
function lintNames({ said, path, issuer, claim, matcher, entry, known, preset }: NamedMatcher, report: Report): boolean {
  if (entry.is === 'fact') return false
  const { id } = entry
  const pinnedById = hasId(said, known, claim) || (claim === 'sub' && isImmutableSubject(matcher))

  for (const pattern of pinnedById ? [] : globsOf(matcher)) {
    const fixed = pattern.slice(0, pattern.indexOf('*'))
    // In GitHub's newer subject, both IDs come before the wildcard.
    if (/^repo:[^/@*]+@\d+\/[^:@*]+@\d+:/.test(fixed)) continue
    // Behind the colon of a GitHub subject, the wildcard is about refs and environments of one repository.
    const ofRepository = claim === 'sub' && /^repo:[^/:]+\/[^:]+:/.test(fixed)
    if (!ofRepository && (fixed === '' || /[A-Za-z0-9_-]$/.test(fixed)))
      report('open-prefix', path, `'${pattern}' matches any name${fixed === '' ? '' : ` that starts with '${fixed}'`}.`)
    else report('wildcard-subject', path, `'${pattern}' matches everything that is created there later.`)
  }
  if (entry.is !== 'name' || valuesOf(matcher).length === 0) return false
  if (preset === 'kubernetes' && claim === '/kubernetes.io/serviceaccount/name' && !pins(said, '/kubernetes.io/namespace'))
    report('wildcard-subject', path, 'Every namespace can have a service account with this name.')
  if (issuer.kind === 'human') {
    if (!pinnedById) report('mutable-person', path, `'${claim}' is not a permanent name of a person${id ? `. '${id}' is` : ''}.`)
    return !pinnedById
  }
  if (id !== undefined && !pins(said, id) && !(pinnedById && !isOfPerson.test(id)))
    report('name-without-id', path, `'${claim}' can be reassigned. '${id}' cannot.`)
  return false
}

/** The rule names individual persons. */
const namesPerson = (said: ClaimMatchers, issuer: Issuer): boolean =>
  pins(said, 'sub') || pins(said, plainName(issuer.identityClaim ?? 'sub'))

/** The ID of the person who started the job, which no ID of a repository implies. */
const isOfPerson = /(actor|user)_id$/

/** The rule also names the subject by an ID, in addition to the checked claim. */
const hasId = (said: ClaimMatchers, known: Knowledge, claim: ClaimRef): boolean =>
  Object.keys(said).some((other) => {
    const entry = own(known.claims, other)
    return other !== claim && entry?.is === 'id' && entry.enters === true && pins(said, other)
  })

/** GitHub's newer subject contains the IDs: `repo:acme@65/web@74:…`. */
const isImmutableSubject = (matcher: Matcher): boolean =>
  isExact(matcher) &&
  globsOf(matcher).length === 0 &&
  valuesOf(matcher).every((value) => /^repo:[^/@]+@\d+\/[^:@]+@\d+:/.test(String(value)))
