/**
 * Roles that trust GitHub's tokens, as rules. The role stays: its profile has no policy of its own, so a session can do what the role can.
 *
 * Sources: AWS IAM API Reference, "GetAccountAuthorizationDetails" and "RoleDetail" (policy documents are URL-encoded there, and decoded in
 * the output of the AWS CLI); AWS IAM User Guide, "Create a role for OpenID Connect federation".
 */
import type { Matcher, Who } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import { actionMatches, parsePolicy, type Statement } from '@stint/iam'
import * as v from 'valibot'
import { type Demand, demandOf, GITHUB_HOST, matcherOf, subjectOf, type Value } from './github-conditions.ts'
import type { Mapping } from './mapping.ts'
import { provesSubjects } from './prove.ts'
import { type Document, factsOf } from './role-policies.ts'
import type { Rule } from './rules.ts'

const document = v.union([v.string(), v.record(v.string(), v.unknown())])
export const authorizationDetails = v.object({
  RoleDetailList: v.array(
    v.object({
      RoleName: v.string(),
      Arn: v.pipe(v.string(), v.regex(/^arn:[a-z-]+:iam::\d{12}:role\/.+$/, 'must be the ARN of a role')),
      AssumeRolePolicyDocument: document,
      RolePolicyList: v.optional(v.array(v.object({ PolicyName: v.string(), PolicyDocument: document })), []),
      AttachedManagedPolicies: v.optional(v.array(v.object({ PolicyArn: v.string() })), []),
      PermissionsBoundary: v.optional(v.object({ PermissionsBoundaryArn: v.string() })),
    }),
  ),
  Policies: v.optional(
    v.array(
      v.object({
        Arn: v.string(),
        PolicyVersionList: v.array(v.object({ Document: document, IsDefaultVersion: v.boolean() })),
      }),
    ),
    [],
  ),
  IsTruncated: v.optional(v.literal(false, 'must be false. The output is incomplete, so run the command without --no-paginate')),
  NextToken: v.optional(v.undefined_('is there, so the output is incomplete. Run the command without --max-items')),
})
type AuthorizationDetails = v.InferOutput<typeof authorizationDetails>
type Role = AuthorizationDetails['RoleDetailList'][number]
export type GithubFile = { readonly file: string; readonly details: AuthorizationDetails }

type Options = { readonly mapping: Mapping; readonly partition: string }

/** One rule for each statement that admits GitHub. `owner`: whose ID the issuer pins, unless the enterprise is known. */
export function translateGithub(
  files: readonly GithubFile[],
  { mapping, partition }: Options,
): { readonly rules: readonly Rule[]; readonly owner: string | undefined } {
  const found = files.flatMap(({ file, details }) =>
    details.RoleDetailList.flatMap((role, index) => draftsOf(role, details, `${file}: RoleDetailList[${index}]`, { mapping, partition })),
  )
  const named = found.flatMap(({ parts }) => parts.flatMap(({ owner: id }) => id ?? []))
  const ids = Object.values(mapping.owners)
  // Rules that name no owner, but only the ID of a repository, leave the choice to the mapping.
  const owner = mapping.enterprise === undefined ? (mostFrequent(named) ?? (ids.length === 1 ? ids[0] : undefined)) : undefined
  return { rules: found.map((draft) => ruleOf(draft, mapping, owner)), owner }
}

/** A part of a statement whose callers all have one owner. */
type Part = { readonly who: Who; readonly owner: string | undefined }
type Draft = Pick<Rule, 'name' | 'account' | 'place' | 'notes'> & {
  readonly role: string
  readonly parts: readonly Part[]
  readonly mints: readonly string[]
  readonly statement?: Statement
}

function draftsOf(role: Role, details: AuthorizationDetails, place: string, { mapping, partition }: Options): readonly Draft[] {
  const trust = decoded(role.AssumeRolePolicyDocument)
  if (trust !== undefined && !JSON.stringify(trust).includes(GITHUB_HOST)) return []
  const account = role.Arn.split(':')[4] ?? ''
  const path = role.Arn.slice(role.Arn.indexOf(':role/') + ':role/'.length)
  const draft = (name: string, more: Partial<Draft>): Draft => ({
    name: `role ${path}${name}`,
    account,
    place,
    role: path,
    notes: [],
    parts: [],
    mints: [],
    ...more,
  })
  const parsed = parsePolicy(trust, 'trust')
  if (!parsed.ok) return [draft('', { notes: [`Its trust policy is not valid: ${parsed.faults[0]}.`] })]
  if (role.Arn.split(':')[1] !== partition)
    return [draft('', { notes: ['It is in another AWS partition than --region. One broker serves one partition.'] })]
  const { statements } = parsed.policy
  if (statements.some((statement) => statement.effect === 'Deny' && assumes(statement)))
    return [draft('', { notes: ['Its trust policy has a Deny, which Stint cannot express.'] })]
  const facts = factsOfRole(role, details)
  return statements.flatMap((statement, index): readonly Draft[] => {
    const provider = providerOf(statement)
    if (statement.effect !== 'Allow' || !assumes(statement) || provider === undefined) return []
    const name = statements.length === 1 ? '' : `, statement ${index + 1}`
    if (provider !== GITHUB_HOST) return [draft(name, { notes: [`Its issuer is ${provider}. Add this issuer to the config by hand.`] })]
    if (facts.fault !== undefined) return [draft(name, { notes: [facts.fault] })]
    return [draft(name, { ...partsOf(statement, mapping), statement, mints: facts.mints })]
  })
}

const assumes = ({ actions }: Statement): boolean =>
  actions.names.some((pattern) => actionMatches(pattern, 'sts:AssumeRoleWithWebIdentity')) !== actions.not

/** The provider of GitHub's tokens that the statement admits, without the prefix of its ARN. */
function providerOf({ principals }: Statement): string | undefined {
  if (!principals || principals.not || principals.principals === '*') return undefined
  const names = (principals.principals.Federated ?? []).map((arn) => arn.replace(/^.*:oidc-provider\//, ''))
  return names.find((name) => name === GITHUB_HOST) ?? names.find((name) => name.startsWith(`${GITHUB_HOST}/`))
}

function factsOfRole(role: Role, details: AuthorizationDetails) {
  const managed = new Map(documentsOf(details))
  const documents: Document[] = role.RolePolicyList.map(({ PolicyName, PolicyDocument }) => ({
    name: PolicyName,
    json: decoded(PolicyDocument),
  }))
  const { PermissionsBoundaryArn: boundary } = role.PermissionsBoundary ?? {}
  const arns = [...role.AttachedManagedPolicies.map(({ PolicyArn }) => PolicyArn), ...(boundary === undefined ? [] : [boundary])]
  for (const arn of arns) {
    if (managed.has(arn)) documents.push({ name: arn, json: managed.get(arn) })
    else if (!/^arn:[a-z-]+:iam::aws:/.test(arn))
      return { fault: `Its policy ${arn} is not in the file. Run the command without --filter.`, mints: [] }
  }
  const { fault } = factsOf(documents, 'github')
  // A boundary allows nothing by itself.
  return {
    ...defined({ fault }),
    mints: factsOf(
      documents.filter(({ name }) => name !== boundary),
      'github',
    ).mints,
  }
}

/** The documents of the managed policies in a file, by ARN. */
export const documentsOf = ({ Policies }: AuthorizationDetails): readonly (readonly [arn: string, json: unknown])[] =>
  Policies.flatMap(({ Arn, PolicyVersionList }) =>
    PolicyVersionList.flatMap(({ IsDefaultVersion, Document }) => (IsDefaultVersion ? [[Arn, decoded(Document)] as const] : [])),
  )

function decoded(given: v.InferOutput<typeof document>): unknown {
  if (typeof given !== 'string') return given
  try {
    return JSON.parse(given.trimStart().startsWith('{') ? given : decodeURIComponent(given))
  } catch {
    return undefined
  }
}

// ── Conditions ───────────────────────────────────────────────────────────────────────────────────────────────────────

type ClaimDemand = Demand & { readonly kind: 'claim' }
/** The claims that name the owner, the most exact first. */
const OWNING = ['sub', 'repository_owner_id', 'repository', 'repository_owner'] as const

function partsOf(statement: Statement, mapping: Mapping): Pick<Draft, 'parts' | 'notes'> {
  const demands: Demand[] = []
  const notes: string[] = []
  for (const [operator, keys] of Object.entries(statement.conditions)) {
    for (const [key, values] of Object.entries(keys)) {
      const made = demandOf(operator, key, values)
      notes.push(...made.notes)
      if (made.value === undefined) return { parts: [], notes: made.notes }
      demands.push(made.value)
    }
  }
  const claims = demands.filter((demand) => demand.kind === 'claim')
  const owning = OWNING.flatMap((claim) => claims.find((demand) => demand.claim === claim && !demand.negated) ?? [])[0]
  if (!owning && !claims.some(({ claim, negated }) => claim === 'repository_id' && !negated))
    return { parts: [], notes: ['It names no repository and no owner, so it matches jobs of any of them.'] }
  const groups = owning ? byOwner(owning, mapping, notes) : [{ owner: undefined, values: undefined }]
  if (!owning) notes.push('Only repositories of the pinned owner match.')

  const parts = groups.flatMap(({ owner, values }): readonly Part[] => {
    const matchers = new Map<string, readonly Matcher[]>()
    for (const demand of claims) {
      const matcher = claimMatcher(demand === owning && values ? { ...demand, values } : demand, notes)
      if (matcher === undefined) return []
      matchers.set(demand.claim, [...(matchers.get(demand.claim) ?? []), matcher])
    }
    const blocks = demands.flatMap((demand) => (demand.kind === 'address' ? [demand.blocks] : []))
    if (blocks.length > 1) {
      notes.push('It compares aws:SourceIp twice.')
      return []
    }
    const who: Who = {
      issuer: 'github',
      claims: Object.fromEntries([...matchers].map(([claim, list]) => [claim, list.length === 1 ? (list[0] as Matcher) : { all: list }])),
      ...defined({ sourceIp: blocks[0] }),
    }
    return [{ who, owner }]
  })
  return { parts, notes: [...new Set(notes)] }
}

/** The values of the claim by the ID of their owner. Values without one are left out, with a note. */
function byOwner(
  { claim, values }: ClaimDemand,
  { owners }: Mapping,
  notes: string[],
): readonly { readonly owner: string; readonly values: readonly Value[] }[] {
  const groups = new Map<string, Value[]>()
  for (const value of values) {
    const read = claim === 'sub' ? subjectOf(value) : ownerIn(claim, value)
    if (!read.ok) {
      notes.push(read.why)
      continue
    }
    if ('note' in read && read.note !== undefined) notes.push(read.note)
    const { owner, ownerId = Object.hasOwn(owners, owner) ? owners[owner] : undefined } = read.subject
    if (ownerId === undefined) notes.push(`The ID of the GitHub owner '${owner}' is not in the mapping: owners.${owner}.`)
    else groups.set(ownerId, [...(groups.get(ownerId) ?? []), read.value])
  }
  return [...groups].map(([owner, kept]) => ({ owner, values: kept }))
}

function ownerIn(claim: string, value: Value): ReturnType<typeof subjectOf> {
  const [, owner] = (claim === 'repository' ? /^([^/*?]+)\/(?:\*|[^*?]+)$/ : /^([^/*?]+)$/).exec(value.text) ?? []
  if (owner !== undefined) return { ok: true, subject: claim === 'repository_owner_id' ? { owner, ownerId: owner } : { owner }, value }
  return { ok: false, why: `'${value.text}' of ${claim} does not name one owner. List the repositories.` }
}

function claimMatcher({ values, negated }: ClaimDemand, notes: string[]): Matcher | undefined {
  const made = values.map(matcherOf)
  const faults = made.flatMap((one) => (one.ok ? [] : [one.why]))
  notes.push(...faults)
  // A value that is not excluded would make the rule wider. One that is not admitted makes it narrower.
  if (negated && faults.length > 0) return undefined
  const matchers = made.flatMap((one) => (one.ok ? [one.matcher] : []))
  const literals = matchers.filter((matcher) => typeof matcher === 'string')
  const globs = matchers.filter((matcher) => typeof matcher !== 'string')
  const parts = [...(literals.length > 1 ? [{ oneOf: literals }] : literals), ...globs]
  if (parts.length === 0) return undefined
  const matcher = parts.length === 1 ? (parts[0] as Matcher) : { any: parts }
  return negated ? { not: matcher } : matcher
}

// ── Rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function ruleOf({ role, parts, statement, mints, notes, ...rule }: Draft, { enterprise }: Mapping, owner: string | undefined): Rule {
  const more: string[] = []
  const eligible = parts.flatMap(({ who, owner: id }): readonly Who[] => {
    if (enterprise === undefined && owner === undefined) {
      more.push('The issuer pins the ID of an owner. Add it to the mapping: owners.')
      return []
    }
    if (enterprise === undefined && id !== undefined && id !== owner) {
      more.push(`Its owner has the ID ${id}, and the issuer pins ${owner}. For several owners, set 'enterprise' in the mapping.`)
      return []
    }
    const pinned = enterprise !== undefined && id !== undefined && who.claims.repository_owner_id === undefined
    const full: Who = pinned ? { ...who, claims: { ...who.claims, repository_owner_id: id } } : who
    if (statement && provesSubjects(full, statement)) return [full]
    more.push('Stint could not prove that the profile matches no other job.')
    return []
  })
  const access = {
    account: rule.account ?? '',
    role,
    description: `Role ${role}, for GitHub Actions`.slice(0, 256),
    eligible,
    duration: HOUR,
  }
  return {
    ...rule,
    notes: [...notes, ...new Set(more)],
    access: eligible.length === 0 ? [] : [{ ...access, ...(mints.length > 0 ? { mints } : {}) }],
  }
}

/** What AssumeRoleWithWebIdentity gives by default. The details of a role do not have its MaxSessionDuration. */
const HOUR = { default: '1h', max: '1h' } as const

function mostFrequent(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0]
}
