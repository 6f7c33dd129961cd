/**
 * The policy simulator. For actions that enter a role, it evaluates the role's trust policy too. AWS's own simulator does not, and
 * answers `allowed` for a role that does not trust the caller (AWS IAM User Guide, "IAM policy testing with the IAM policy
 * simulator"). EvalDecisionDetails says which policy decided, and that only the sandbox looks at trust.
 */
import {
  type AccessRequest,
  actionMatches,
  type ContextInput,
  closedGates,
  evaluate,
  type Policy,
  type Principal,
  parsePolicy,
  splitArn,
} from '@stint/iam'
import { partitionIn } from '@stint/iam/partition'
import { currentTrust, type Document, grantsOf, holderOf, lazyDocument, type Role, type User } from '../accounts.ts'
import type { Node } from '../xml.ts'
import { type Asked, mustAllow } from './access.ts'
import { type Span, statementSpans } from './positions.ts'
import { IamError, list, need, noSuchEntity, page, readList, validationError } from './query.ts'

/** The keys of EvalDecisionDetails. */
const IDENTITY_DETAIL = 'Identity-based policies'
const BOUNDARY_DETAIL = 'Permissions boundary'
const RESOURCE_DETAIL = 'Resource-based policy'
const TRUST_DETAIL = "Role trust policy (only the sandbox evaluates it; AWS's simulator does not)"

const ENTERS_ROLE = /^sts:(AssumeRole|TagSession|SetSourceIdentity)$/i
const MAX_CONTEXT_ENTRIES = 100
const MAX_RESULTS = 1000

/** A policy that takes part, as MatchedStatements names it. */
type Part = { readonly id: string; readonly type: string; readonly document: Document }

type Source = {
  readonly principal: Principal
  readonly policies: readonly Part[]
  readonly boundary?: Policy
  readonly context: ContextInput
}

export function simulatePrincipalPolicy(asked: Asked): Node {
  const arn = need(asked.form, 'PolicySourceArn')
  if (!/^arn:aws[a-z-]*:iam::\d{12}:(user|role)\//.test(arn))
    throw new IamError(400, 'InvalidInput', `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`)
  mustAllow(asked, 'SimulatePrincipalPolicy', { arn })
  const holder = splitArn(arn)?.[4] === asked.account ? holderOf(asked.world.accounts, arn) : undefined
  if (!holder)
    throw noSuchEntity(`The ${arn.includes(':role/') ? 'role' : 'user'} with name ${arn.slice(arn.lastIndexOf('/') + 1)} cannot be found.`)
  return simulate(asked, sourceOf(asked, holder))
}

export function simulateCustomPolicy(asked: Asked): Node {
  mustAllow(asked, 'SimulateCustomPolicy', { arn: '*' })
  if (readList(asked.form, 'PolicyInputList').length === 0) throw validationError(null, 'policyInputList', 'Member must not be null')
  const { account } = asked
  return simulate(asked, { principal: { arn: `arn:aws:iam::${account}:user/simulated`, account }, policies: [], context: {} })
}

function sourceOf({ world }: Asked, holder: Role | User): Source {
  const isRole = holder.kind === 'role'
  const session = `arn:${partitionIn(holder.arn)}:sts::${holder.account}:assumed-role/${holder.name}/simulated`
  const inline = [...holder.inline].map(([id, document]) => ({ id, type: holder.kind, document }))
  const attached = [...holder.attached.values()].map(({ name, arn, defaultVersion: { document } }) => {
    const type = arn.includes('::aws:') ? 'aws-managed' : 'user-managed'
    return { id: name, type, document }
  })
  return {
    principal: { arn: isRole ? session : holder.arn, account: holder.account, ...(isRole ? { roleArn: holder.arn } : {}) },
    policies: grantsOf(world.accounts, holder).length > 0 ? [...inline, ...attached] : [],
    ...(holder.boundary ? { boundary: holder.boundary.defaultVersion.document.policy } : {}),
    context: {
      'aws:PrincipalArn': holder.arn,
      'aws:PrincipalAccount': holder.account,
      'aws:PrincipalType': isRole ? 'AssumedRole' : 'User',
      'aws:userid': isRole ? `${holder.id}:simulated` : holder.id,
      ...(isRole ? {} : { 'aws:username': holder.name }),
      ...Object.fromEntries([...holder.tags].map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
    },
  }
}

function simulate(asked: Asked, source: Source): Node {
  const { form } = asked
  const actions = readList(form, 'ActionNames')
  if (actions.length === 0) throw validationError(null, 'actionNames', 'Member must not be null')
  const wrong = actions.find((name) => !/^[a-zA-Z0-9-]+:[a-zA-Z0-9]+$/.test(name))
  if (wrong !== undefined) throw new IamError(400, 'InvalidInput', `Invalid action name: ${wrong}. It must have the form service:action.`)
  const named = readList(form, 'ResourceArns')
  const resources = named.length === 0 ? ['*'] : named
  const badArn = resources.find((arn) => arn !== '*' && !splitArn(arn))
  if (badArn !== undefined) throw new IamError(400, 'InvalidInput', `Invalid resource ARN: ${badArn}`)
  if (actions.length * resources.length > MAX_RESULTS) throw new IamError(400, 'InvalidInput', `Too many results: at most ${MAX_RESULTS}.`)

  const extra = inputPolicies(form, 'PolicyInputList').map((document, index) => ({
    id: `PolicyInputList.${index + 1}`,
    type: 'none',
    document,
  }))
  const limits = inputPolicies(form, 'PermissionsBoundaryPolicyInputList').map(({ policy }) => policy)
  const resourcePolicy = form.get('ResourcePolicy') === null ? undefined : inputPolicy(need(form, 'ResourcePolicy'), 'resource')
  const setting: Setting = {
    source: { ...source, policies: [...source.policies, ...extra] },
    boundaries: limits.length > 0 ? limits : source.boundary ? [source.boundary] : [],
    ...(resourcePolicy ? { resourcePolicy } : {}),
    given: { ...source.context, ...contextEntries(form) },
  }
  const pairs = actions.flatMap((action) => resources.map((arn) => ({ action, arn })))
  const { items, end } = page(form, [...pairs.entries()], ([index]) => String(index).padStart(4, '0'))
  return { EvaluationResults: list(items.map(([, { action, arn }]) => resultOf(asked, setting, action, arn))), ...end }
}

type Setting = {
  readonly source: Source
  readonly boundaries: readonly Policy[]
  readonly resourcePolicy?: Document
  readonly given: ContextInput
}

function resultOf(asked: Asked, setting: Setting, action: string, arn: string): Node {
  const { source, boundaries, given } = setting
  const isEntry = ENTERS_ROLE.test(action) && /^arn:aws[a-z-]*:iam::\d{12}:role\//.test(arn)
  const role = isEntry ? asked.world.roles.get(arn) : undefined
  const trust = role && currentTrust(asked.world.accounts, role.trust)
  const byResource = isEntry ? trust : setting.resourcePolicy
  const resourcePolicy = byResource?.policy ?? (isEntry ? { statements: [] } : undefined)
  const owner = /^arn:aws[a-z-]*:iam::(\d{12}):/.exec(asked.form.get('ResourceOwner') ?? '')?.[1]
  const account = owner ?? (isEntry ? (splitArn(arn)?.[4] ?? '') : source.principal.account)
  const policies = source.policies.map(({ document }) => document.policy)
  const request: AccessRequest = {
    ...{ principal: source.principal, action, resource: { arn, account }, context: given, identity: policies },
    // Several boundaries are one, as the simulator takes them: their union.
    ...(boundaries.length > 0 ? { boundary: { statements: boundaries.flatMap(({ statements }) => statements) } } : {}),
    ...(resourcePolicy ? { resourcePolicy } : {}),
    ...(isEntry ? { resourcePolicyDecides: true } : {}),
  }
  const decision = evaluate(request)
  const word = { allow: 'allowed', 'explicit-deny': 'explicitDeny', 'implicit-deny': 'implicitDeny' } as const
  const { identity = 'implicit-deny', boundary, resource } = decision.layers
  const details = [
    [IDENTITY_DETAIL, word[identity]],
    ...(boundary ? [[BOUNDARY_DETAIL, word[boundary]]] : []),
    ...(resource ? [[isEntry ? TRUST_DETAIL : RESOURCE_DETAIL, word[resource]]] : []),
    ...closedGates(request).map(({ gate, finding, fix }) => [`${gate}: ${finding} ${fix}`, word[decision.verdict]]),
  ]
  return {
    EvalActionName: action,
    EvalResourceName: arn,
    EvalDecision: word[decision.verdict],
    MatchedStatements: list(
      matched(request, decision.verdict === 'explicit-deny', [
        ...source.policies,
        ...(byResource ? [{ id: isEntry ? 'AssumeRolePolicyDocument' : 'ResourcePolicy', type: 'resource', document: byResource }] : []),
      ]),
    ),
    MissingContextValues: list(missingKeys(setting, request)),
    ...(boundary ? { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: String(boundary === 'allow') } } : {}),
    ...(isEntry || resource ? { EvalDecisionDetails: { entry: details.map(([key = '', value = '']) => ({ key, value })) } } : {}),
  }
}

/**
 * The statements that take effect in this call. If one denies, the Denies alone (AWS IAM API Reference, EvaluationResult).
 * SourcePolicyType has the words of the API Reference, Statement.
 */
function matched(request: AccessRequest, isDenied: boolean, parts: readonly Part[]): readonly Node[] {
  const { principal, action, resource, context } = request
  return parts.flatMap(({ id, type, document }) => {
    const effective = document.policy.statements.map((statement) => {
      const alone = { statements: [statement] }
      const layer = type === 'resource' ? 'resource' : 'identity'
      const { layers } = evaluate({
        ...{ principal, action, resource, context, identity: layer === 'identity' ? [alone] : [] },
        ...(layer === 'resource' ? { resourcePolicy: alone } : {}),
      })
      return (layers[layer] ?? 'implicit-deny') !== 'implicit-deny' && (!isDenied || statement.effect === 'Deny')
    })
    if (!effective.includes(true)) return []
    return statementSpans(document.text).flatMap((span, index) =>
      effective[index] ? [{ SourcePolicyId: id, SourcePolicyType: type, ...positions(span) }] : [],
    )
  })
}

const positions = ({ start, end }: Span): { readonly [element: string]: Node } => ({
  StartPosition: { Line: start.line, Column: start.column },
  EndPosition: { Line: end.line, Column: end.column },
})

/** The condition keys of statements about this action that the call gave no value for. */
function missingKeys({ source, boundaries, given }: Setting, { action, resourcePolicy }: AccessRequest): readonly string[] {
  const present = new Set(Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [key.toLowerCase()])))
  const all = [...source.policies.map(({ document }) => document.policy), ...boundaries, ...(resourcePolicy ? [resourcePolicy] : [])]
  const keys = all
    .flatMap(({ statements }) => statements)
    .filter(({ actions }) => actions.names.some((name) => actionMatches(name, action)) !== actions.not)
    .flatMap(({ conditions }) => Object.values(conditions).flatMap((byKey) => Object.keys(byKey)))
  return [...new Set(keys)].filter((key) => !present.has(key.toLowerCase()))
}

function contextEntries(form: URLSearchParams): ContextInput {
  const entry = /^ContextEntries\.member\.(\d+)\.ContextKeyName$/
  const names = [...form].flatMap(([parameter, value]) => {
    const index = entry.exec(parameter)?.[1]
    return index === undefined ? [] : [[index, value] as const]
  })
  if (names.length > MAX_CONTEXT_ENTRIES)
    throw new IamError(400, 'InvalidInput', `Too many context entries: at most ${MAX_CONTEXT_ENTRIES}.`)
  return Object.fromEntries(
    names.map(([index, name]) => [name, readList(form, `ContextEntries\\.member\\.${index}\\.ContextKeyValues`)] as const),
  )
}

const inputPolicies = (form: URLSearchParams, name: string): readonly Document[] =>
  readList(form, name).map((text) => inputPolicy(text, 'identity'))

function inputPolicy(text: string, kind: 'identity' | 'resource'): Document {
  try {
    if (parsePolicy(JSON.parse(text), kind).ok) return lazyDocument(text, kind)
  } catch {
    // Not JSON: the same answer.
  }
  throw new IamError(400, 'InvalidInput', 'Syntax errors in policy.')
}
