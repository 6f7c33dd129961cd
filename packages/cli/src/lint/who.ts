/** Rules about whom a `Who` lets in, read against what Stint knows of its issuer's claims. */
import { matchesClaim } from '@stint/core/access/matcher'
import { knowledge, presetOf } from '@stint/core/config/issuers/index'
import type { KnownClaim } from '@stint/core/config/issuers/knowledge'
import type { ClaimRef, Issuer, Preset, Who } from '@stint/core/config/shape'
import type { Report } from './catalogue.ts'
import { admits, fitsType, globsOf, nearest, own, pins, valuesOf } from './reach.ts'

/** One `Who` of the config, where it stands, and whether it lets callers of that issuer into something. */
export type Place = { readonly who: Who; readonly path: string; readonly issuer: Issuer }

/** True where no token at all can meet the rule. */
export function lintWho({ who, path, issuer }: Place, report: Report): { readonly dead: boolean } {
  const preset = presetOf(issuer)
  const known = knowledge[preset]
  let dead = false
  const kill = (rule: 'unknown-claim' | 'never-fits', at: string, what: string) => {
    dead = true
    report(rule, at, what)
  }

  for (const [claim, matcher] of Object.entries(who.claims)) {
    const at = `${path}.claims.${claim}`
    const entry = own(known.claims, claim)
    if (!entry && !isCustom(preset, issuer, claim)) {
      const meant = nearest(claim, Object.keys(known.claims))
      kill('unknown-claim', at, `Tokens of ${preset} have no claim '${claim}'${meant ? `; '${meant}'?` : '.'}`)
      continue
    }
    if (entry && !fitsType(matcher, entry.type))
      kill('never-fits', at, `'${claim}' is ${typeWords[entry.type]}; this matcher never fits one.`)
    const pinned = own(issuer.tenant ?? {}, claim)
    if (pinned !== undefined && !matchesClaim(matcher, pinned))
      kill('never-fits', at, `The issuer's tenant pins '${claim}' to ${JSON.stringify(pinned)}, which this does not admit.`)
    // Okta's ID tokens have the user's id as their subject, its access tokens the login.
    const lasting = preset === 'okta' && claim === 'sub' && issuer.tokenUse === 'id'
    if (entry && !lasting) lintNames({ who, path: at, issuer, claim, entry, preset }, report)
  }
  if (who.mfa && !known.mfa) kill('never-fits', `${path}.mfa`, `Tokens of ${preset} do not say whether a second factor was used.`)
  if (who.authAge && !known.authTime) kill('never-fits', `${path}.authAge`, `Tokens of ${preset} do not say when somebody signed in.`)
  lintForks({ who, path, issuer }, preset, report)
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

/** What an organization adds itself, or the config of the issuer names. */
const isCustom = (preset: Preset, issuer: Issuer, claim: ClaimRef): boolean =>
  knowledge[preset].custom?.test(claim) === true ||
  [issuer.groupsClaim, issuer.identityClaim, issuer.actorClaim, ...[issuer.nameClaim ?? []].flat()].includes(claim) ||
  own(issuer.tenant ?? {}, claim) !== undefined

// ── Names and wildcards ──────────────────────────────────────────────────────────────────────────────────────────────

type Named = Place & { readonly claim: ClaimRef; readonly entry: KnownClaim; readonly preset: Preset }

function lintNames({ who, path, issuer, claim, entry, preset }: Named, report: Report): void {
  const matcher = own(who.claims, claim)
  if (matcher === undefined || entry.is === 'fact') return
  const { id } = entry
  const pinnedById = hasId(who, issuer, preset) || (claim === 'sub' && isImmutableSubject(valuesOf(matcher)))

  for (const pattern of globsOf(matcher)) {
    const star = pattern.indexOf('*')
    if (pinnedById) continue
    if (star === 0 || /[A-Za-z0-9_-]$/.test(pattern.slice(0, star)))
      report(
        'open-prefix',
        path,
        `'${pattern}' fits whatever else begins${star === 0 ? ' in any way' : ` with '${pattern.slice(0, star)}'`}.`,
      )
    else report('wildcard-subject', path, `'${pattern}' fits everything that is made there later.`)
  }
  if (entry.is !== 'name' || valuesOf(matcher).length === 0) return
  // `people` need no id of where they come from: they are what is identified.
  if (issuer.kind === 'human') report('mutable-person', path, `'${claim}' is no lasting name of a person${id ? `; '${id}' is` : ''}.`)
  else if (id !== undefined && !isSaid(who, issuer, id) && !(pinnedById && !isOfPerson.test(id)))
    report('name-without-id', path, `'${claim}' can be given to another; '${id}' cannot.`)
}

/** The claim is matched exactly by the rule, or pinned for the whole issuer. */
const isSaid = (who: Who, issuer: Issuer, claim: ClaimRef): boolean => pins(who, claim) || own(issuer.tenant ?? {}, claim) !== undefined

/** Who started the job: no id of a repository says that. */
const isOfPerson = /(actor|user)_id$/

/** Ids of what acts, or where it runs, do not say what is entered. */
const beside =
  /(actor|user|runner|agent|queue|cluster|node|pod|enterprise|organization|owner|namespace|org|account|tid|hd|iss|azp)(_?id)?$/i

/** The rule names what is entered (a repository, a project, a pipeline) by an id. */
const hasId = (who: Who, issuer: Issuer, preset: Preset): boolean =>
  Object.entries(knowledge[preset].claims).some(
    ([claim, { is }]) => is === 'id' && claim !== 'sub' && !beside.test(claim) && isSaid(who, issuer, claim),
  )

/** GitHub's newer subject carries the ids: `repo:acme@65/web@74:…`. */
const isImmutableSubject = (values: readonly unknown[]): boolean =>
  values.length > 0 && values.every((value) => /^repo:[^/@]+@\d+\/[^:@]+@\d+:/.test(String(value)))

// ── Forks ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const unreviewed = ['pull_request_target', 'issue_comment', 'workflow_run', 'issues', 'discussion_comment'] as const

function lintForks({ who, path }: Place, preset: Preset, report: Report): void {
  if (preset === 'github') {
    if (isGuarded(who)) return
    const pullRequest =
      admits(who, 'event_name', 'pull_request') && refAdmits(who, 'refs/pull/1/merge') && subjectAdmits(who, ':pull_request')
    const others = unreviewed.filter((event) => admits(who, 'event_name', event))
    if (pullRequest) report('fork-reachable', path, 'A pull request gets in: neither event_name nor ref keeps it out.')
    else if (others.length > 0)
      report(
        'fork-reachable',
        path,
        `${others.slice(0, 3).join(', ')} get in: their ref is the base branch's, so the ref alone proves nothing.`,
      )
  }
  if (
    preset === 'gitlab' &&
    admits(who, 'ref_protected', 'false') &&
    !(pins(who, 'environment') && !admits(who, 'environment_protected', 'false'))
  )
    report('fork-reachable', path, "A branch that anybody may push to gets in: ref_protected is not 'true'.")
  if (preset === 'circleci' && !pins(who, 'oidc.circleci.com/vcs-origin'))
    report('fork-reachable', path, 'A fork gets in: its organization and project are those of the upstream; only vcs-origin is its own.')
  if (preset === 'buildkite' && !pins(who, 'build_branch') && !pins(who, 'build_source') && !pins(who, 'sub'))
    report('fork-reachable', path, 'A pull request gets in: neither build_branch nor build_source is named.')
}

const refAdmits = (who: Who, ref: string): boolean => admits(who, 'ref', ref) && admits(who, 'ref_type', 'branch')

/** A subject that is written out says which kind of run it is of. */
function subjectAdmits(who: Who, ending: string): boolean {
  const matcher = own(who.claims, 'sub')
  if (matcher === undefined) return true
  const values = valuesOf(matcher)
  return globsOf(matcher).length > 0 || values.length === 0 || values.some((value) => String(value).endsWith(ending))
}

/** An environment has protection rules of its own, which is as good as a ref. */
const isGuarded = (who: Who): boolean =>
  pins(who, 'environment') ||
  (pins(who, 'sub') && valuesOf(own(who.claims, 'sub') ?? '').every((value) => String(value).includes(':environment:')))
