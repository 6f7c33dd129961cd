/**
 * Policy evaluation: whether a principal is allowed an action on a resource, given every policy that applies.
 * Source: AWS IAM User Guide, "Policy evaluation logic". The order of evaluation:
 *
 *   1. an explicit Deny in any layer decides;
 *   2. organization policies, boundary and session policy must each allow: they limit, they never grant;
 *   3. identity or resource policy must allow in one account, both across two.
 *
 * All layers are evaluated before they are combined, so a refusal can name every layer that denied.
 */
import { actionMatches } from './action.ts'
import { arnMatches, assumedRole } from './arn.ts'
import { conditionsHold } from './condition.ts'
import { type Context, type ContextInput, contextOf } from './context.ts'
import { compile } from './pattern.ts'
import type { Names, Policy, Statement } from './policy.ts'

export type Principal = {
  /** The caller's own ARN: a user, or a role *session* (`assumed-role/ROLE/NAME`). */
  readonly arn: string
  readonly account: string
  /** For a role session: the ARN of the role, which is what most policies name. */
  readonly roleArn?: string
  /** For a caller with a token of an identity provider: the provider's ARN. Only `Federated` and `*` name such a caller. */
  readonly federated?: string
}

export type Layer = 'organization' | 'resource' | 'identity' | 'boundary' | 'session'
export type Verdict = 'allow' | 'explicit-deny' | 'implicit-deny'

export type AccessRequest = {
  readonly principal: Principal
  readonly action: string
  readonly resource: { readonly arn: string; readonly account: string }
  readonly context: ContextInput
  readonly identity: readonly Policy[]
  /** Service control policies, one list per level from the root down. Each level must allow. Absent: no such limit. */
  readonly organization?: readonly (readonly Policy[])[]
  readonly boundary?: Policy
  /** Inline session policy and session policy ARNs together: their union is the limit. */
  readonly session?: readonly Policy[]
  readonly resourcePolicy?: Policy
  /** True for role trust policies and key policies: without their Allow no principal has access, not even the account itself. */
  readonly resourcePolicyDecides?: boolean
}

export type Decision = {
  readonly allowed: boolean
  readonly verdict: Verdict
  /** The layers that denied or did not allow, when refused. */
  readonly blockedBy: readonly Layer[]
  readonly layers: { readonly [layer in Layer]?: Verdict }
}

export function evaluate(request: AccessRequest): Decision {
  const context = contextOf(request.context)
  const say = (policies: readonly Policy[]) => verdictOf(policies, request, context)
  const grant = request.resourcePolicy ? resourceGrant(request.resourcePolicy, request, context) : undefined

  const layers: { [layer in Layer]?: Verdict } = { identity: say(request.identity) }
  if (request.organization) layers.organization = strictest(request.organization.map(say))
  if (request.boundary) layers.boundary = say([request.boundary])
  if (request.session) layers.session = say(request.session)
  if (grant) layers.resource = grant.denied ? 'explicit-deny' : grant.to ? 'allow' : 'implicit-deny'

  const entries = Object.entries(layers) as [Layer, Verdict][]
  const denied = entries.filter(([, verdict]) => verdict === 'explicit-deny').map(([layer]) => layer)
  if (denied.length > 0) return { allowed: false, verdict: 'explicit-deny', blockedBy: denied, layers }

  const blockedBy = blocking(request, layers, grant?.to)
  return { allowed: blockedBy.length === 0, verdict: blockedBy.length === 0 ? 'allow' : 'implicit-deny', blockedBy, layers }
}

const strictest = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.find((verdict) => verdict === 'explicit-deny') ?? verdicts.find((verdict) => verdict === 'implicit-deny') ?? 'allow'

/** The layers that do not allow, if none denies. */
function blocking(request: AccessRequest, layers: Decision['layers'], granted: Grantee | undefined): Layer[] {
  const allows = (layer: Layer) => layers[layer] === 'allow'
  const limits = (['organization', 'boundary', 'session'] as const).filter((layer) => layers[layer] !== undefined && !allows(layer))

  if (request.principal.account !== request.resource.account) {
    return [...(granted ? [] : (['resource'] as const)), ...(allows('identity') ? [] : (['identity'] as const)), ...limits]
  }
  // A resource policy that names this exact session (or user) grants by itself, despite an implicit deny of the session policy
  // and the boundary. One that names the role, or everyone, grants within them. One that names the account only delegates the
  // decision to the account's identity policies.
  if (granted === 'self') return limits.filter((layer) => layer === 'organization')
  if (request.resourcePolicyDecides && !granted) return ['resource', ...(allows('identity') ? [] : (['identity'] as const)), ...limits]
  if (granted === 'role' || granted === 'everybody' || allows('identity')) return limits
  return ['identity', ...limits]
}

function verdictOf(policies: readonly Policy[], request: AccessRequest, context: Context): Verdict {
  let verdict: Verdict = 'implicit-deny'
  for (const { statements } of policies) {
    for (const statement of statements) {
      if (!applies(statement, request, context)) continue
      if (statement.effect === 'Deny') return 'explicit-deny'
      verdict = 'allow'
    }
  }
  return verdict
}

/** How a resource policy names its grantee, from the most specific to the least. */
type Grantee = 'self' | 'role' | 'everybody' | 'account'

function resourceGrant(policy: Policy, request: AccessRequest, context: Context): { denied: boolean; to?: Grantee } {
  const order: readonly Grantee[] = ['self', 'role', 'everybody', 'account']
  let best: Grantee | undefined
  for (const statement of policy.statements) {
    if (!applies(statement, request, context)) continue
    const named = naming(statement, request.principal)
    if (!named) continue
    if (statement.effect === 'Deny') return { denied: true }
    if (best === undefined || order.indexOf(named) < order.indexOf(best)) best = named
  }
  return { denied: false, ...(best ? { to: best } : {}) }
}

const applies = (statement: Statement, request: AccessRequest, context: Context): boolean =>
  covers(statement, request, context) && conditionsHold(statement, context)

/** Whether the statement is about this action and resource, whatever its conditions and principals. */
export function covers(statement: Statement, request: AccessRequest, context: Context): boolean {
  return (
    included(statement.actions, (name) => actionMatches(name, request.action)) &&
    (statement.resources === undefined || resourceIncluded(statement, statement.resources, request.resource.arn, context))
  )
}

/** Whether the principals of a statement include this caller. One without principals, as in an identity policy, includes every caller. */
export const includesPrincipal = (statement: Statement, principal: Principal): boolean => naming(statement, principal) !== undefined

function resourceIncluded(statement: Statement, resources: Names, arn: string, context: Context): boolean {
  // A variable without a value matches nothing. In NotResource that would widen the statement, which is safe for a Deny but
  // not for an Allow.
  const open = resources.not && statement.effect === 'Allow' && statement.variables
  if (open && resources.names.some((name) => compile(name, { context, variables: true, wildcards: true }) === undefined)) return false
  return included(resources, (name) => arnMatches(name, arn, context, statement.variables))
}

const included = (names: Names, fits: (name: string) => boolean): boolean => names.names.some(fits) !== names.not

/**
 * How (and whether) a statement's principals include this caller. A session is included by its own ARN, its role's ARN, its
 * account or everyone. `NotPrincipal` includes everyone except those it names; a session is excluded only if the list names
 * its account, its role *and* itself (AWS IAM User Guide, "NotPrincipal").
 */
function naming(statement: Statement, principal: Principal): Grantee | undefined {
  const { not, principals } = statement.principals ?? { not: false, principals: '*' as const }
  if (principal.federated !== undefined) {
    const named = principals === '*' || (principals.Federated ?? []).includes(principal.federated)
    return named === not ? undefined : 'self'
  }
  const names = principals === '*' ? ['*'] : (principals.AWS ?? [])
  const root = `arn:${principal.arn.split(':')[1]}:iam::${principal.account}:root`
  const says = {
    self: names.includes(principal.arn),
    role: principal.roleArn !== undefined && names.includes(principal.roleArn),
    account: names.includes(principal.account) || names.includes(root),
    everybody: names.includes('*'),
  }
  if (!not) return (['self', 'role', 'everybody', 'account'] as const).find((grantee) => says[grantee])
  const isSession = assumedRole(principal.arn) !== undefined
  const spared = says.everybody || (isSession ? says.account && says.role && says.self : says.account && says.self)
  return spared ? undefined : 'everybody'
}
