/**
 * Statements from unknown JSON. Anything the parser does not know is an error and never ignored: dropping a misspelled `Condition`
 * would turn a narrow Allow into a wide one. What IAM or STS would refuse, and what could never match, is an error too.
 * Sources: AWS IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM policy validation check reference".
 */
import { arnFault, hasValidVariables } from './arn-pattern.ts'
import { fitsOperator } from './condition-value.ts'
import { type Conditions, isOperator } from './operators.ts'
import type { Effect, Names, ParsedPolicy, Statement } from './policy.ts'

export type Fault = (path: string, text: string) => void
/** What only some kinds of policy have. Without any of it, it is a session policy. */
export type Kind = {
  readonly readPrincipals?: (json: Record<string, unknown>, path: string, fault: Fault) => Statement['principals']
  /** A trust policy has no resource: it is about its role. */
  readonly withoutResource?: true
  readonly completeArn?: (name: string) => string
  readonly anySid?: true
  /** Times without a zone are accepted. */
  readonly zoneless?: true
}

const statementMembers = /^(Sid|Effect|(Not)?(Action|Resource|Principal)|Condition)$/

export function parseStatements(json: unknown, kind: Kind): ParsedPolicy {
  const faults: string[] = []
  const fault: Fault = (path, text) => void faults.push(`${path}: ${text}`)

  if (!isRecord(json)) return { ok: false, faults: ['a policy must be an object'] }
  for (const name of Object.keys(json)) {
    if (!(name === 'Version' || name === 'Statement' || (name === 'Id' && kind.readPrincipals))) fault(name, 'is not a property')
  }
  const { Version: version = '2008-10-17' } = json
  if (version !== '2012-10-17' && version !== '2008-10-17') fault('Version', 'must be 2012-10-17 or 2008-10-17')
  const list = Array.isArray(json.Statement) ? json.Statement : [json.Statement]
  if (list.length === 0) fault('Statement', 'must contain at least one statement')

  const sids = new Set<unknown>()
  const statements = list.map((item, index) => {
    const path = `Statement[${index}]`
    if (!isRecord(item)) return void fault(path, 'must be an object')
    const { Sid = '' } = item
    // Services decide which characters their resource policies accept in a Sid.
    if (typeof Sid !== 'string' || !(kind.anySid || /^[0-9A-Za-z]*$/.test(Sid)))
      fault(`${path}.Sid`, 'must be a string of letters and digits')
    if (Sid && sids.has(Sid)) fault(`${path}.Sid`, `'${Sid}' is used twice`)
    sids.add(Sid)
    return parseStatement(item, { path, kind, variables: version === '2012-10-17', fault })
  })
  return faults.length > 0 ? { ok: false, faults } : { ok: true, policy: { statements: statements as Statement[] } }
}

type Place = {
  readonly path: string
  readonly kind: Kind
  readonly variables: boolean
  readonly fault: Fault
}

function parseStatement(json: Record<string, unknown>, place: Place): Statement {
  const { path, kind, variables, fault } = place
  for (const name of Object.keys(json)) {
    if (!statementMembers.test(name)) fault(`${path}.${name}`, 'is not a property')
  }
  if (json.Effect !== 'Allow' && json.Effect !== 'Deny') fault(`${path}.Effect`, 'must be Allow or Deny')

  const actions = parseNames(json, 'Action', path, fault)
  if (!actions) fault(path, 'needs Action or NotAction')
  for (const name of actions?.names ?? []) {
    // AWS ignores the case of the service (IAM User Guide, "IAM JSON policy elements: Action"). AWS's managed policies have `SNS:Publish`.
    if (name !== '*' && !/^[a-z0-9-]+:[a-z0-9*?]+$/i.test(name)) fault(`${path}.Action`, `'${name}' is not in the form service:action`)
  }

  let resources = kind.withoutResource ? undefined : parseNames(json, 'Resource', path, fault)
  if (!resources && !kind.withoutResource) fault(path, 'needs Resource or NotResource')
  if (resources && kind.completeArn) resources = { not: resources.not, names: resources.names.map(kind.completeArn) }
  for (const name of resources?.names ?? []) {
    const wrong = name === '*' ? undefined : (arnFault(name) ?? variableFault(name, variables))
    if (wrong) fault(`${path}.Resource`, `'${shown(name)}' ${wrong}`)
  }

  if (!kind.readPrincipals && (json.Principal !== undefined || json.NotPrincipal !== undefined))
    fault(path, 'this kind of policy has no principal')
  const principals = kind.readPrincipals?.(json, path, fault)

  const conditions = parseConditions(json.Condition, place)
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

const variableFault = (text: string, variables: boolean): string | undefined =>
  variables && !hasValidVariables(text) ? 'has an invalid policy variable' : undefined

function parseNames(json: Record<string, unknown>, member: 'Action' | 'Resource', path: string, fault: Fault): Names | undefined {
  const named = json[member]
  const excluded = json[`Not${member}`]
  if (named !== undefined && excluded !== undefined) fault(path, `has both ${member} and Not${member}`)
  const value = named ?? excluded
  if (value === undefined) return undefined
  const names = listOfText(value)
  if (!names) return void fault(`${path}.${member}`, 'must be a string or a list of strings')
  return { not: named === undefined, names }
}

function parseConditions(json: unknown, { path: statement, kind, variables, fault }: Place): Conditions {
  const path = `${statement}.Condition`
  if (json === undefined) return {}
  if (!isRecord(json)) {
    fault(path, 'must be an object')
    return {}
  }
  const conditions: { [operator: string]: { [key: string]: readonly string[] } } = {}
  for (const [operator, keys] of Object.entries(json)) {
    if (!isOperator(operator)) fault(`${path}.${operator}`, 'is not a condition operator')
    if (!isRecord(keys) || Object.keys(keys).length === 0) {
      fault(`${path}.${operator}`, 'must be an object of condition keys')
      continue
    }
    const parsed: { [key: string]: readonly string[] } = {}
    const seen = new Set<string>()
    for (const [key, values] of Object.entries(keys)) {
      const at = `${path}.${operator}.${shown(key)}`
      // The name of an OIDC provider can be a prefix too, path included.
      if (!/^[a-z0-9][\w./-]*:./i.test(key)) fault(at, 'must begin with a service, such as aws:')
      if (seen.has(key.toLowerCase())) fault(at, 'is there twice; AWS ignores the case of condition keys')
      seen.add(key.toLowerCase())
      const list = listOf(values, /^(string|number|boolean)$/)
      if (!list) {
        fault(at, 'must be a string, number or boolean, or a list of these')
        continue
      }
      parsed[key] = list
      const wrong = list.find((value) => !fitsOperator(operator, value, kind.zoneless) || variableFault(value, variables))
      if (wrong !== undefined) fault(at, `'${shown(wrong)}' is invalid for this operator, so it would never match`)
    }
    conditions[operator] = parsed
  }
  return conditions
}

/** A string or a list of them, as a list that is not empty. */
export const listOfText = (value: unknown): readonly string[] | undefined => listOf(value, /^string$/)

function listOf(value: unknown, types: RegExp): readonly string[] | undefined {
  const list = Array.isArray(value) ? value : [value]
  return list.length > 0 && list.every((item) => types.test(typeof item)) ? list.map(String) : undefined
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Part of a text that a caller may have written, so that an error stays short. */
const shown = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text)
