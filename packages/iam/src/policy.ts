/**
 * The IAM policy language as data: the parts of a statement, and a parser from unknown JSON.
 * Source of the grammar: AWS IAM User Guide, "Grammar of the IAM JSON policy language".
 *
 * Anything the parser does not know is an error and never ignored: dropping a misspelled `Condition` would turn a narrow Allow
 * into a wide one.
 */
import { type Conditions, isOperator } from './operators.ts'

export type Effect = 'Allow' | 'Deny'

/** The principals of a resource or trust policy; `'*'` is everyone. */
type Principals = '*' | { readonly [kind in PrincipalKind]?: readonly string[] }
type PrincipalKind = 'AWS' | 'Service' | 'Federated' | 'CanonicalUser'

/** A list that a statement names (`Action`) or excludes (`NotAction`). */
export type Names = { readonly not: boolean; readonly names: readonly string[] }

export type Statement = {
  readonly sid?: string
  readonly effect: Effect
  readonly actions: Names
  /** Absent in trust policies, whose resource is the role they are attached to. */
  readonly resources?: Names
  readonly principals?: { readonly not: boolean; readonly principals: Principals }
  readonly conditions: Conditions
  /** `${…}` is a variable only since version 2012-10-17. Before, it is plain text. */
  readonly variables: boolean
}

export type Policy = { readonly statements: readonly Statement[] }

/** The kind of policy decides what a statement must and must not contain. */
export type PolicyKind = 'identity' | 'session' | 'resource' | 'trust'

/** The JSON of a statement as you write it. */
export type StatementJson = {
  readonly Sid?: string
  readonly Effect: Effect
  readonly Action?: string | readonly string[]
  readonly NotAction?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly NotResource?: string | readonly string[]
  readonly Principal?: '*' | { readonly [kind: string]: string | readonly string[] }
  readonly NotPrincipal?: '*' | { readonly [kind: string]: string | readonly string[] }
  readonly Condition?: { readonly [operator: string]: { readonly [key: string]: ConditionValue | readonly ConditionValue[] } }
}
export type ConditionValue = string | number | boolean

export type PolicyJson = {
  readonly Version?: '2012-10-17' | '2008-10-17'
  readonly Id?: string
  readonly Statement: StatementJson | readonly StatementJson[]
}

export type ParsedPolicy = { readonly ok: true; readonly policy: Policy } | { readonly ok: false; readonly faults: readonly string[] }

const statementMembers = new Set([
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Principal',
  'NotPrincipal',
  'Condition',
])
const principalKinds: ReadonlySet<string> = new Set<PrincipalKind>(['AWS', 'Service', 'Federated', 'CanonicalUser'])

export function parsePolicy(json: unknown, kind: PolicyKind): ParsedPolicy {
  const faults: string[] = []
  const fault = (path: string, text: string) => void faults.push(`${path}: ${text}`)

  if (!isRecord(json)) return { ok: false, faults: ['a policy must be an object'] }
  for (const name of Object.keys(json)) {
    if (!['Version', 'Id', 'Statement'].includes(name)) fault(name, 'is not a property of a policy')
  }
  const version = json.Version ?? '2008-10-17'
  if (version !== '2012-10-17' && version !== '2008-10-17') fault('Version', 'must be 2012-10-17 or 2008-10-17')
  const list = Array.isArray(json.Statement) ? json.Statement : [json.Statement]
  if (list.length === 0) fault('Statement', 'must contain at least one statement')

  const statements = list.map((item, index) => parseStatement(item, `Statement[${index}]`, kind, version === '2012-10-17', fault))
  return faults.length > 0 ? { ok: false, faults } : { ok: true, policy: { statements: statements as Statement[] } }
}

/** For policies from our own code or from reviewed configuration, where a fault is a bug. */
export function policy(json: PolicyJson, kind: PolicyKind): Policy {
  const parsed = parsePolicy(json, kind)
  if (!parsed.ok) throw new TypeError(parsed.faults.join('; '))
  return parsed.policy
}

function parseStatement(
  json: unknown,
  path: string,
  kind: PolicyKind,
  variables: boolean,
  fault: (path: string, text: string) => void,
): Statement | undefined {
  if (!isRecord(json)) return void fault(path, 'must be an object')
  for (const name of Object.keys(json)) {
    if (!statementMembers.has(name)) fault(`${path}.${name}`, 'is not a property of a statement')
  }
  if (json.Effect !== 'Allow' && json.Effect !== 'Deny') fault(`${path}.Effect`, 'must be Allow or Deny')
  if (json.Sid !== undefined && typeof json.Sid !== 'string') fault(`${path}.Sid`, 'must be a string')

  const actions = parseNames(json, 'Action', path, fault)
  if (!actions) fault(path, 'needs Action or NotAction')
  for (const name of actions?.names ?? []) {
    if (name !== '*' && !/^[a-z0-9-]+:[A-Za-z0-9*?]+$/i.test(name)) fault(`${path}.Action`, `'${name}' is not in the form service:action`)
  }

  const resources = parseNames(json, 'Resource', path, fault)
  if (kind === 'trust' && resources) fault(`${path}.Resource`, 'a trust policy has no resource')
  if (kind !== 'trust' && !resources) fault(path, 'needs Resource or NotResource')
  for (const name of resources?.names ?? []) {
    if (name !== '*' && !name.startsWith('arn:')) fault(`${path}.Resource`, `'${name}' is not an ARN`)
  }

  const speaksOfPrincipals = kind === 'trust' || kind === 'resource'
  const principals = parsePrincipals(json, path, fault)
  if (speaksOfPrincipals && !principals) fault(path, 'needs Principal or NotPrincipal')
  if (!speaksOfPrincipals && principals) fault(`${path}.Principal`, `a policy of kind ${kind} has no principal`)

  const conditions = parseConditions(json.Condition, `${path}.Condition`, fault)
  return {
    ...(typeof json.Sid === 'string' ? { sid: json.Sid } : {}),
    effect: json.Effect as Effect,
    actions: actions ?? { not: false, names: [] },
    ...(resources ? { resources } : {}),
    ...(principals ? { principals } : {}),
    conditions,
    variables,
  }
}

function parseNames(
  json: Record<string, unknown>,
  member: 'Action' | 'Resource',
  path: string,
  fault: (path: string, text: string) => void,
): Names | undefined {
  const named = json[member]
  const excluded = json[`Not${member}`]
  if (named !== undefined && excluded !== undefined) fault(path, `has both ${member} and Not${member}`)
  const value = named ?? excluded
  if (value === undefined) return undefined
  const names = textList(value)
  if (!names || names.length === 0) return void fault(`${path}.${member}`, 'must be a string or a list of strings')
  return { not: named === undefined, names }
}

function parsePrincipals(
  json: Record<string, unknown>,
  path: string,
  fault: (path: string, text: string) => void,
): Statement['principals'] {
  if (json.Principal !== undefined && json.NotPrincipal !== undefined) fault(path, 'has both Principal and NotPrincipal')
  const value = json.Principal ?? json.NotPrincipal
  if (value === undefined) return undefined
  const not = json.Principal === undefined
  if (value === '*') return { not, principals: '*' }
  if (!isRecord(value)) return void fault(`${path}.Principal`, "must be '*' or an object")
  const principals: { [kind: string]: readonly string[] } = {}
  for (const [kind, names] of Object.entries(value)) {
    const list = textList(names)
    if (!principalKinds.has(kind) || !list)
      fault(`${path}.Principal.${kind}`, 'must be AWS, Service, Federated or CanonicalUser with strings')
    else principals[kind] = list
  }
  return { not, principals }
}

function parseConditions(json: unknown, path: string, fault: (path: string, text: string) => void): Conditions {
  if (json === undefined) return {}
  if (!isRecord(json)) {
    fault(path, 'must be an object')
    return {}
  }
  const conditions: { [operator: string]: { [key: string]: readonly string[] } } = {}
  for (const [operator, keys] of Object.entries(json)) {
    if (!isOperator(operator)) fault(`${path}.${operator}`, 'is not a condition operator')
    if (!isRecord(keys)) {
      fault(`${path}.${operator}`, 'must be an object of condition keys')
      continue
    }
    const parsed: { [key: string]: readonly string[] } = {}
    for (const [key, values] of Object.entries(keys)) {
      const list = conditionValues(values)
      if (!list) fault(`${path}.${operator}.${key}`, 'must be a string, number or boolean, or a list of these')
      else parsed[key] = list
    }
    conditions[operator] = parsed
  }
  return conditions
}

function conditionValues(value: unknown): readonly string[] | undefined {
  const list = Array.isArray(value) ? value : [value]
  const scalar = (item: unknown) => typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean'
  return list.every(scalar) ? list.map(String) : undefined
}

function textList(value: unknown): readonly string[] | undefined {
  const list = Array.isArray(value) ? value : [value]
  return list.every((item) => typeof item === 'string') ? list : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
