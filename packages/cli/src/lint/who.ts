/** Rules about whom a `Who` lets in, read against what Stint knows of its issuer's claims. */

import { knowledge, presetOf } from '@stint/core/config/issuers/index'
import type { Knowledge, KnownClaim } from '@stint/core/config/issuers/knowledge'
import { matchesClaim } from '@stint/core/config/matcher'
import { nearest } from '@stint/core/config/nearest'
import type { ClaimRef, Issuer, Matcher, Preset, Who } from '@stint/core/config/shape'
import type { Report } from './catalogue.ts'
import { lintForks } from './forks.ts'
import {
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
  type Said,
  saidOf,
  valuesOf,
} from './reach.ts'

/** One `Who` of the config and where it stands; `opens`: it lets somebody in or lets them decide, and not only see. */
export type Place = { readonly who: Who; readonly path: string; readonly issuer: Issuer; readonly opens: boolean }

/** True where no token at all can meet the rule. */
export function lintWho({ who, path, issuer, opens }: Place, report: Report): { readonly dead: boolean } {
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
      kill('never-fits', at, `'${claim}' is ${typeWords[entry.type]}; this matcher never fits one.`)
    else if (contradicts(matcher)) kill('never-fits', at, 'What it demands contradicts itself.')
    else if (pinned !== undefined && !matchesClaim(matcher, pinned))
      kill('never-fits', at, `The issuer's tenant pins '${claim}' to ${JSON.stringify(pinned)}, which this does not admit.`)
    // Okta's ID tokens have the user's id as their subject, its access tokens the login.
    const lasting = preset === 'okta' && claim === 'sub' && issuer.tokenUse === 'id'
    const told = entry && !lasting && lintNames({ said, path: at, issuer, claim, matcher, entry, known, preset }, report)
    // Beside the person themselves it admits nobody else.
    if (opens && !told && issuer.kind === 'human' && isEditable(issuer, claim) && !namesPerson(said, issuer))
      report('user-editable', at, `'${claim}' can be edited by its users, so they can make this rule fit.`)
  }
  if (who.mfa && !known.mfa && !issuer.mfaAcr && !issuer.url.startsWith('https://sts.windows.net/'))
    kill('never-fits', `${path}.mfa`, `Tokens of ${preset} do not say whether a second factor was used.`)
  if (who.authAge && !known.authTime) kill('never-fits', `${path}.authAge`, `Tokens of ${preset} do not say when somebody signed in.`)
  if (opens && !dead && !Object.entries(said).some(([claim, matcher]) => isPositive(matcher) && enters(known, claim)))
    report('names-nobody', path, `It matches every caller that ${preset === 'oidc' ? 'the issuer' : preset} signs a token for.`)
  if (opens) lintForks(said, preset, path, report)
  return { dead }
}

const typeWords: { readonly [type in KnownClaim['type']]: string } = {
  text: 'a text (ids too)',
  number: 'a number',
  boolean: 'true or false',
  flag: 'true or false',
  texts: 'a list of texts',
  object: 'an object',
}

/** What nobody knows of may be just that: the organization's own claim for who enters. */
const enters = (known: Knowledge, claim: ClaimRef): boolean => {
  const entry = own(known.claims, claim)
  return entry ? entry.enters === true : true
}

/** Why tokens have no such claim; what an organization adds itself, or the issuer's config names, they may have. */
export function unknownFault(preset: Preset, issuer: Issuer, claim: ClaimRef): string | undefined {
  const { claims, custom } = knowledge[preset]
  const [top = ''] = claim.startsWith('/') ? claim.slice(1).split('/') : [claim]
  const outer = own(claims, top.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (/^\/.*\/\d+$/.test(claim)) return `'${claim}' is a place in a list, and lists have no order: includes(…) finds it anywhere.`
  const ours = [issuer.groupsClaim, issuer.identityClaim, issuer.actorClaim, ...[issuer.nameClaim ?? []].flat()]
  if (custom?.test(claim) || ours.includes(claim) || outer?.type === 'object') return undefined
  const meant = nearest(claim, Object.keys(claims))
  return `Tokens of ${preset} have no claim '${claim}'${meant ? `; '${meant}'?` : '.'}`
}

// ── Names and wildcards ──────────────────────────────────────────────────────────────────────────────────────────────

type Named = {
  readonly said: Said
  readonly path: string
  readonly issuer: Issuer
  readonly claim: ClaimRef
  readonly matcher: Matcher
  readonly entry: KnownClaim
  readonly known: Knowledge
  readonly preset: Preset
}

/** True where the claim was found to be no lasting name of a person. */
function lintNames({ said, path, issuer, claim, matcher, entry, known, preset }: Named, report: Report): boolean {
  if (entry.is === 'fact') return false
  const { id } = entry
  const pinnedById = hasId(said, known, claim) || (claim === 'sub' && isImmutableSubject(matcher))

  for (const pattern of pinnedById ? [] : globsOf(matcher)) {
    const fixed = pattern.slice(0, pattern.indexOf('*'))
    // Both ids of GitHub's newer subject stand before the wildcard.
    if (/^repo:[^/@*]+@\d+\/[^:@*]+@\d+:/.test(fixed)) continue
    if (fixed === '' || /[A-Za-z0-9_-]$/.test(fixed))
      report('open-prefix', path, `'${pattern}' fits whatever else begins${fixed === '' ? ' in any way' : ` with '${fixed}'`}.`)
    else report('wildcard-subject', path, `'${pattern}' fits everything that is made there later.`)
  }
  if (entry.is !== 'name' || valuesOf(matcher).length === 0) return false
  if (preset === 'kubernetes' && claim === '/kubernetes.io/serviceaccount/name' && !pins(said, '/kubernetes.io/namespace'))
    report('wildcard-subject', path, 'Every namespace may have a service account of this name.')
  if (issuer.kind === 'human') {
    if (!pinnedById) report('mutable-person', path, `'${claim}' is no lasting name of a person${id ? `; '${id}' is` : ''}.`)
    return !pinnedById
  }
  if (id !== undefined && !pins(said, id) && !(pinnedById && !isOfPerson.test(id)))
    report('name-without-id', path, `'${claim}' can be given to another; '${id}' cannot.`)
  return false
}

/** The rule names persons one by one. */
const namesPerson = (said: Said, issuer: Issuer): boolean => pins(said, 'sub') || pins(said, plainName(issuer.identityClaim ?? 'sub'))

/** Who started the job: no id of a repository says that. */
const isOfPerson = /(actor|user)_id$/

/** The rule names who or what enters by an id, beside the claim that is looked at. */
const hasId = (said: Said, known: Knowledge, claim: ClaimRef): boolean =>
  Object.keys(said).some((other) => {
    const entry = own(known.claims, other)
    return other !== claim && entry?.is === 'id' && entry.enters === true && pins(said, other)
  })

/** GitHub's newer subject carries the ids: `repo:acme@65/web@74:…`. */
const isImmutableSubject = (matcher: Matcher): boolean =>
  isExact(matcher) &&
  globsOf(matcher).length === 0 &&
  valuesOf(matcher).every((value) => /^repo:[^/@]+@\d+\/[^:@]+@\d+:/.test(String(value)))
