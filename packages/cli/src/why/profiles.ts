/**
 * Which profiles allow a call, narrowest first. Pure. Only what the broker shows to the caller is evaluated: the profile's own
 * statements, and the Deny of actions that create lasting credentials, which Stint adds. Policies of the role, the organization and the
 * resource are not known here, so no answer is a promise.
 */
import { parsePattern } from '@stint/core/config/pattern'
import { fillStatement } from '@stint/core/config/template'
import { contains, evaluate, type Policy, parsePolicy, type Statement, type StatementJson } from '@stint/iam'
import { mintingDeny } from '@stint/iam/minting/deny'
import type { ProfileView } from '../broker/views.ts'

export type Call = {
  readonly action: string
  /** Undefined: the message does not name it. */
  readonly resource?: string
  /** The account of the session that made the call. */
  readonly account?: string
  /** The name of a role whose own policies denied the call, so profiles on it do not help. */
  readonly deniedRole?: string
}

/** How sure it is that the session policy allows the call. */
type Certainty =
  | 'allows'
  /** Only if conditions hold that are not known here, or on some resources only. */
  | 'conditional'
  /** The profile adds no limit: a session can do what the role can. */
  | 'role'
  /** The profile uses managed policies, which Stint does not read. */
  | 'managed'
export type Candidate = {
  readonly profile: ProfileView
  readonly certainty: Certainty
  /** The parameters with which it allows the call; null for one that the call does not determine. */
  readonly parameters: { readonly [name: string]: string | null }
  /** What the role's own policies say, if `stint doctor` has read them. */
  readonly role?: { readonly verdict: 'allows' | 'denies'; readonly readAt: string }
}

const allowAll: StatementJson = { Effect: 'Allow', Action: '*', Resource: '*' }

/** The action creates a credential, token or key that outlives the session. Stint denies it unless the profile's `mints` names it. */
export function isMinting(action: string): boolean {
  const deny = mintingDeny([allowAll], { mints: [], managed: true })
  return deny !== undefined && allowed([{ ...deny, Effect: 'Allow' }], { action, resource: 'arn:aws:x:::*' })
}

/** The account in which a session must be for this call. */
const accountOf = ({ resource, account }: Call): string | undefined =>
  /^arn:[^:]*:[^:]*:[^:]*:(\d{12}):/.exec(resource ?? '')?.[1] ?? account

/** Profiles in the right account that are worth a look, because the caller can enter them. */
export function eligible(profiles: readonly ProfileView[], call: Call): readonly ProfileView[] {
  const account = accountOf(call)
  const denied = (one: ProfileView) => one.account === call.account && one.roleArn.split('/').at(-1) === call.deniedRole
  return profiles.filter((one) => one.access !== 'refused' && (account === undefined || one.account === account) && !denied(one))
}

export function candidates(profiles: readonly ProfileView[], call: Call): readonly Candidate[] {
  if (isMinting(call.action)) return []
  const found = profiles.flatMap((profile) => candidateOf(profile, call) ?? [])
  const approval = ({ access }: ProfileView) => (access === 'allowed' ? 0 : 1)
  return found.toSorted(
    (a, b) =>
      width[a.certainty] - width[b.certainty] ||
      breadth(a, found) - breadth(b, found) ||
      approval(a.profile) - approval(b.profile) ||
      (a.profile.id < b.profile.id ? -1 : 1),
  )
}

/** A profile without limits is wider than any with statements. Managed policies are not known, so they come after what is. */
const width: { readonly [certainty in Certainty]: number } = { allows: 0, conditional: 1, managed: 2, role: 3 }

/** The number of other candidates that this one contains. */
const breadth = (one: Candidate, all: readonly Candidate[]): number => all.filter((other) => other !== one && within(other, one)).length

function within(inner: Candidate, outer: Candidate): boolean {
  const [narrow, wide] = [allowsOf(inner), allowsOf(outer)]
  return narrow.length > 0 && narrow.every((statement) => wide.some((other) => contains(other, statement)))
}

function allowsOf({ profile, parameters }: Candidate): readonly Statement[] {
  const known = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, value ?? '*']))
  return (parsed(statementsOf(profile, known))?.statements ?? []).filter(({ effect }) => effect === 'Allow')
}

const statementsOf = ({ policy, policyArns }: ProfileView, parameters: { readonly [name: string]: string }): readonly StatementJson[] =>
  policy ? policy.map((statement) => fillStatement(statement as never, parameters)) : policyArns ? [] : [allowAll]

function parsed(statements: readonly StatementJson[]): Policy | undefined {
  const result = parsePolicy({ Version: '2012-10-17', Statement: statements }, 'session')
  return result.ok ? result.policy : undefined
}

function candidateOf(profile: ProfileView, call: Call): Candidate | undefined {
  const names = Object.keys(profile.parameters)
  const unknown = (found: { readonly [name: string]: string }) => Object.fromEntries(names.map((name) => [name, found[name] ?? null]))
  let best: Candidate | undefined
  for (const found of assignments(profile, call)) {
    const certainty = certaintyOf(profile, found, call)
    if (certainty === undefined) continue
    if (best === undefined || width[certainty] < width[best.certainty]) best = { profile, certainty, parameters: unknown(found) }
  }
  return best
}

function certaintyOf(profile: ProfileView, parameters: { readonly [name: string]: string }, call: Call): Certainty | undefined {
  const statements = statementsOf(profile, parameters)
  const denies = statements.filter(({ Effect }) => Effect === 'Deny')
  if (!profile.policy) return profile.policyArns ? 'managed' : 'role'
  if (!allowed([allowAll, ...denies.filter((one) => isSure(one))], call)) return undefined
  // What surely allows, and what surely does not deny.
  const allows = statements.filter(({ Effect }) => Effect === 'Allow')
  const surely = [...allows.filter(isSure), ...denies.map(unconditional)]
  if (call.resource !== undefined && allowed(surely, call)) return 'allows'
  const possibly = [...allows.map(unconditional), ...denies.filter(isSure)]
  if (allowed(possibly, call)) return 'conditional'
  return profile.policyArns ? 'managed' : undefined
}

/** Without a condition or a policy variable, whose values only AWS knows. */
const isSure = (statement: StatementJson): boolean => statement.Condition === undefined && !JSON.stringify(statement).includes('${')

function unconditional({ Condition: _condition, ...statement }: StatementJson): StatementJson {
  if (!JSON.stringify(statement).includes('${')) return statement
  const { NotResource: _notResource, ...rest } = statement
  return { ...rest, Resource: '*' }
}

/**
 * Evaluates the statements alone. Without a resource, an Allow on any resource counts, and a Deny only if it is on all. The resource `*`
 * is that of actions without resources, for which only statements on `*` count.
 */
function allowed(statements: readonly StatementJson[], { action, resource }: Call): boolean {
  const anywhere = (one: StatementJson): readonly StatementJson[] => {
    if (resource !== undefined) return [one]
    if (one.Effect === 'Deny') return [one.Resource].flat().includes('*') ? [one] : []
    const { NotResource: _notResource, ...rest } = one
    return [{ ...rest, Resource: '*' }]
  }
  const policy = parsed(statements.flatMap(anywhere))
  if (!policy) return false
  const principal = { arn: 'arn:aws:sts::000000000000:assumed-role/x/y', account: '000000000000' }
  const arn = resource === undefined || resource === '*' ? 'arn:aws:x:::x' : resource
  return evaluate({ principal, action, resource: { arn, account: principal.account }, context: {}, identity: [policy] }).allowed
}

/** The longest ARN that parameters are read from. S3 keys have up to 1,024 bytes. */
const MAX_ARN = 1600

/**
 * Values of the parameters with which a template of the profile becomes the resource: for each template the shortest values and the
 * longest. Always also none, for profiles that do not use parameters in resources.
 */
function assignments(profile: ProfileView, { resource }: Call): readonly { readonly [name: string]: string }[] {
  const found: { readonly [name: string]: string }[] = [{}]
  if (resource === undefined || resource.length > MAX_ARN) return found
  for (const statement of (profile.policy ?? []) as readonly { readonly Resource?: unknown }[]) {
    for (const template of [statement.Resource].flat().filter(isTemplate)) {
      for (const lazy of ['?', '']) {
        const values = valuesIn(template, resource, lazy)
        if (values && Object.entries(values).every(([name, value]) => fits(profile, name, value))) found.push(values)
      }
    }
  }
  return found
}

type Template = { readonly join: readonly (string | { readonly param: string })[] }
const isTemplate = (value: unknown): value is Template =>
  typeof value === 'object' && value !== null && Array.isArray((value as Template).join)

function valuesIn({ join }: Template, resource: string, lazy: string): { readonly [name: string]: string } | undefined {
  const names: string[] = []
  const pattern = join.map((part) => {
    if (typeof part === 'string')
      return part.replace(/[\\^$.+()[\]{}|*?]/g, (mark) => (mark === '*' ? `.*${lazy}` : mark === '?' ? '.' : `\\${mark}`))
    names.push(part.param)
    return `([^*?$]+${lazy})`
  })
  const values = new RegExp(`^${pattern.join('')}$`, 'u').exec(resource)?.slice(1)
  if (!values) return undefined
  const pairs = names.map((name, at) => [name, values[at] ?? ''] as const)
  // A parameter that occurs twice has one value.
  return pairs.every(([name, value]) => pairs.every(([other, same]) => other !== name || same === value))
    ? Object.fromEntries(pairs)
    : undefined
}

function fits({ parameters }: ProfileView, name: string, value: string): boolean {
  const rule = parameters[name]
  const pattern = rule && value.length <= rule.max ? parsePattern(rule.pattern) : undefined
  return pattern?.ok === true && pattern.fits(value)
}
