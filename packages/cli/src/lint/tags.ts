/** Rules about session tags, and the size that they and the policy have when AWS packs them. */
import { deflateRawSync } from 'node:zlib'
import { knowledge } from '@stint/core/config/issuers/index'
import { presetOf } from '@stint/core/config/issuers/presets'
import { mintsOf } from '@stint/core/config/mints'
import type { ClaimRef, Issuer, Preset, Profile, Rules, Value } from '@stint/core/config/shape'
import { profileStatements, sessionPolicy } from '@stint/core/scope/policy'
import { MAX_TAG_VALUE } from '@stint/core/tag-value'
import { estimatedPackedPercent, MAX_SESSION_POLICY_CHARACTERS } from '@stint/iam'
import type { Report } from './catalogue.ts'
import { isEditable, own, plainName } from './reach.ts'
import { unknownFault } from './who.ts'

/** Policies in AWS can depend on session tags, so a tag must not come from a claim that users can edit. */
export function lintTags(rules: Rules, profile: Profile, path: string, report: Report): void {
  const issuers = new Set(profile.eligible.map(({ issuer }) => issuer))
  for (const [key, value] of Object.entries(profile.tags ?? {})) {
    if (!('claim' in value)) continue
    const [claim, at] = [plainName(value.claim), `${path}.tags.${key}`]
    for (const name of issuers) {
      const issuer = rules.issuers[name]
      if (!issuer) continue
      const fault = tagFault(issuer, claim)
      if (fault) {
        report(fault.rule, at, `${fault.what} So every session of '${name}' is refused.`)
        continue
      }
      if (issuer.kind === 'human' && isEditable(issuer, claim))
        report('user-editable', at, `Users of '${name}' can edit '${claim}', so they choose the value of this tag.`)
      if (isFreeText(presetOf(issuer), claim))
        report('tag-encoded', at, `'${claim}' of '${name}' can have characters that AWS does not accept in a tag, such as [ ] # ( ) or &.`)
    }
  }
}

/** Why the claim never gives a value for a tag: tokens lack it, or it has several values. */
function tagFault(issuer: Issuer, claim: ClaimRef): { readonly rule: 'unknown-claim' | 'never-fits'; readonly what: string } | undefined {
  const preset = presetOf(issuer)
  const entry = own(knowledge[preset].claims, claim)
  if (entry?.type === 'texts' || claim === issuer.groupsClaim)
    return { rule: 'never-fits', what: `'${claim}' is a list, and a tag has one value.` }
  if (entry?.type === 'object') return { rule: 'never-fits', what: `'${claim}' is an object, and a tag has one value.` }
  const what = entry ? undefined : unknownFault(preset, issuer, claim)
  return what === undefined ? undefined : { rule: 'unknown-claim', what }
}

/** Claims whose documented values can have any character, by preset: names of branches, workflows, environments, bots and people. */
const freeText: { readonly [preset in Preset]?: RegExp } = {
  github: /^(actor|workflow|ref|head_ref|base_ref|environment|workflow_ref|job_workflow_ref|sub|repo_property_.*)$/,
  gitlab: /^(ref|ref_path|environment|ci_config_ref_uri|sub|user_identities)$/,
  buildkite: /^(build_branch|build_tag|step_key|sub)$/,
  circleci: /^oidc\.circleci\.com\/vcs-ref$/,
}
const namesOfPeople = /^(name|given_name|family_name|middle_name|nickname|preferred_username|cognito:username|custom:.*)$/
const isFreeText = (preset: Preset, claim: ClaimRef): boolean => freeText[preset]?.test(claim) === true || namesOfPeople.test(claim)

// ── Size ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The longest documented values. GitHub: names of accounts have 39 characters and of repositories 100; git limits a ref to 255 bytes.
 * GitLab: a path has 255. IDs are integers below 2^63, UUIDs or SHA-1. A claim that is not here can have the 256 of a tag.
 */
const lengths: readonly (readonly [claim: RegExp, characters: number])[] = [
  [/(^|[_/])(run_)?(id|number|attempt)$|_id$|^\/google\/compute_engine\/(project_number|instance_id)$/, 36],
  [/^(sha|workflow_sha|job_workflow_sha|ci_config_sha|build_commit)$/, 40],
  [/^(jti|oid|tid|sid)$/, 64],
  [/^(repository_owner|actor|enterprise|organization_slug)$/, 45],
  [/^repository$/, 140],
  [/^(event_name|ref_type|runner_environment|repository_visibility|pipeline_source|deployment_tier|build_source|token_use)$/, 32],
  [/^(ref_protected|environment_protected|email_verified)$/, 5],
]

/** As sent: `[bot]` at the end of a name is 9 characters. */
const lengthOf = (value: Value, profile: Profile): number => {
  if ('const' in value) return value.const.length
  if ('param' in value) return profile.parameters?.[value.param]?.max ?? 0
  const claim = plainName(value.claim)
  return value.max ?? lengths.find(([pattern]) => pattern.test(claim))?.[1] ?? MAX_TAG_VALUE
}

/** The size with parameters and tags at their longest. */
export function lintSize(profile: Profile, path: string, report: Report): void {
  const longest = Object.fromEntries(Object.entries(profile.parameters ?? {}).map(([name, { max }]) => [name, filler(max)]))
  const policyArns = profile.policyArns ?? []
  const policy = sessionPolicy({ policy: profileStatements(profile, longest), policyArns, mints: mintsOf(profile) }, 0)
  if (policy.length > MAX_SESSION_POLICY_CHARACTERS) {
    report(
      'packed-size',
      `${path}.policy`,
      `Up to ${policy.length} characters with the longest parameters. AWS allows ${MAX_SESSION_POLICY_CHARACTERS}.`,
    )
    return
  }
  const tags = Object.entries(profile.tags ?? {})
    .map(([key, value]) => ({ key, value, characters: key.length + lengthOf(value, profile) }))
    .toSorted((a, b) => b.characters - a.characters)
  const packed = deflateRawSync(`${policy}${policyArns.join('')}`).length
  const characters = tags.reduce((sum, tag) => sum + tag.characters, SESSION_TAG_CHARACTERS)
  const percent = estimatedPackedPercent(characters, packed)
  if (percent < WARN_PERCENT) return
  const [first] = tags
  report(
    'packed-size',
    path,
    `Estimated at ${percent} % of AWS's limit with the longest values.${first ? advice(first, characters, packed) : ''}`,
  )
}

/** The largest tag: without it, or with a declared length, the session may fit. */
function advice(
  tag: { readonly key: string; readonly value: Value; readonly characters: number },
  characters: number,
  packed: number,
): string {
  const without = estimatedPackedPercent(characters - tag.characters, packed)
  const declare = 'claim' in tag.value && tag.value.max === undefined ? ', or declare its longest value with max' : ''
  return ` Tag '${tag.key}' counts ${tag.characters} characters. Drop it (then ${without} %)${declare}.`
}

const WARN_PERCENT = 80
/** `stint:session` and a session ID. */
const SESSION_TAG_CHARACTERS = 13 + 39
/** Characters that compress no better than a name. */
const filler = (length: number): string =>
  Array.from({ length }, (_, index) => 'acdfgijlmnpqrsuvwxyz0123456789-'[(index * 17 + index * index * 7) % 31]).join('')
