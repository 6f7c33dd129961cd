/** Rules about single statements: actions, resources and condition keys that AWS has, and that go together. */
import { nearest } from '@stint/core/config/nearest'
import type { StatementJson } from '@stint/iam'
import type { Report } from '../catalogue.ts'
import { lintConditionTypes } from './condition-types.ts'
import { overlaps } from './overlap.ts'
import { type Action, actionsOf, globalKeys, isKeyOf, serviceNames, serviceOf } from './reference.ts'

export const listOf = (value: string | readonly string[] | undefined): readonly string[] => (value === undefined ? [] : [value].flat())

/** `statement`: with its parameters as wildcards. */
export function lintStatement(statement: StatementJson, path: string, report: Report): void {
  const element = statement.Action === undefined ? 'NotAction' : 'Action'
  const named = listOf(statement[element]).filter((name) => name !== '*')
  const known = named.filter((name) => {
    const fault = actionFault(name)
    if (fault) report('unknown-action', `${path}.${element}`, `${fault}${effectOf(statement, element)}`)
    return fault === undefined
  })
  lintGlobalKeys(statement, path, report)
  lintConditionTypes(statement, path, report)
  // What holds for every action cannot be compared with the list of one.
  if (element === 'NotAction' || named.length < listOf(statement.Action).length) return
  if (statement.Resource !== undefined) lintResources(known, listOf(statement.Resource), path, report)
  lintKeys(known, statement, path, report)
}

function actionFault(name: string): string | undefined {
  const [prefix = '', action = ''] = name.split(':')
  const service = serviceOf(prefix)
  if (!service) return `AWS has no service '${prefix}'${meant(nearest(prefix.toLowerCase(), serviceNames()))}`
  if ((actionsOf(name) ?? []).length > 0) return undefined
  if (/[*?]/.test(action)) return `'${name}' matches no action of AWS.`
  const near = nearest(
    action.toLowerCase(),
    service.actions.map((one) => one.name.toLowerCase()),
  )
  const right = service.actions.find((one) => one.name.toLowerCase() === near)?.name
  return `AWS has no action '${name}'${meant(right && `${prefix}:${right}`)}`
}

const meant = (name: string | undefined): string => (name ? `. Did you mean '${name}'?` : '.')

const effectOf = ({ Effect }: StatementJson, element: 'Action' | 'NotAction'): string =>
  element === 'NotAction'
    ? ' Leaving it out changes nothing.'
    : Effect === 'Deny'
      ? ' This Deny does nothing for it.'
      : ' This Allow does nothing for it.'

// ── Resources ────────────────────────────────────────────────────────────────────────────────────────────────────────

function lintResources(names: readonly string[], resources: readonly string[], path: string, report: Report): void {
  if (resources.includes('*')) return
  const used = new Set<string>()
  for (const name of names) {
    const [prefix = ''] = name.split(':')
    let fits = false
    const actions = actionsOf(name) ?? []
    for (const action of actions) {
      const formats = formatsOf(prefix, action)
      for (const resource of resources) {
        if (!formats.some((format) => overlaps(resource, format))) continue
        fits = true
        used.add(resource)
      }
    }
    if (fits || actions.length === 0) continue
    const [only] = actions
    report(
      'action-resource',
      `${path}.Resource`,
      actions.length === 1 && only && formatsOf(prefix, only).length === 0
        ? `${name} does not support resource-level permissions. Use Resource '*'.`
        : `${name} does not apply to ${resources.length === 1 ? `'${resources[0]}'` : 'any of these resources'}${expected(prefix, actions)}.`,
    )
  }
  for (const resource of resources)
    if (!used.has(resource) && used.size > 0) report('action-resource', `${path}.Resource`, `None of the actions applies to '${resource}'.`)
}

function formatsOf(prefix: string, action: Action): readonly string[] {
  const types = serviceOf(prefix)?.resourceTypes ?? []
  return action.resourceTypes.flatMap(({ name }) => types.filter(({ key }) => key === name).map(({ arn }) => arn))
}

function expected(prefix: string, actions: readonly Action[]): string {
  const [format] = actions.flatMap((action) => formatsOf(prefix, action))
  return format ? `, but to ${format}` : ''
}

// ── Condition keys ───────────────────────────────────────────────────────────────────────────────────────────────────

export const keysOf = ({ Condition }: StatementJson): readonly (readonly [operator: string, key: string, values: readonly string[]])[] =>
  Object.entries(Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => [operator, key, [values].flat().map(String)] as const),
  )

function lintGlobalKeys(statement: StatementJson, path: string, report: Report): void {
  for (const [operator, key] of keysOf(statement)) {
    const [prefix = ''] = key.split(':')
    const exists =
      isKeyOf(globalKeys, key) || isKeyOf(prefix.toLowerCase() === 'aws' ? globalKeys : (serviceOf(prefix)?.conditionKeys ?? [key]), key)
    if (!exists) report('unknown-condition-key', `${path}.Condition.${operator}.${key}`, `AWS has no condition key '${key}'${near(key)}`)
  }
}

function lintKeys(names: readonly string[], statement: StatementJson, path: string, report: Report): void {
  const actions = names.flatMap((name) => (actionsOf(name) ?? []).map((action) => ({ prefix: name.split(':')[0] ?? '', action })))
  for (const [operator, key, values] of keysOf(statement)) {
    const at = `${path}.Condition.${operator}.${key}`
    const [prefix = ''] = key.split(':')
    // Every request can have a global key. A key of an identity provider is in no service's list.
    if (isKeyOf(globalKeys, key) || !isKeyOf(serviceOf(prefix)?.conditionKeys ?? [], key)) continue
    const lacking = actions.filter(({ prefix: service, action }) => !hasKey(service, action, key))
    if (lacking.length === 0) continue
    const [first] = lacking
    // Among the actions of a wildcard, some always lack a key.
    if (lacking.length < actions.length && names.some((name) => /[*?]/.test(name))) continue
    const shown = `${first?.prefix}:${first?.action.name}`
    report('unknown-condition-key', at, `Requests for ${shown} have no key '${key}', so ${whatFollows(operator, values, statement)}.`)
  }
}

function hasKey(prefix: string, action: Action, key: string): boolean {
  const types = serviceOf(prefix)?.resourceTypes ?? []
  const ofResources = action.resourceTypes.flatMap(({ name, conditionKeys }) => [
    ...conditionKeys,
    ...types.filter((type) => type.key === name).flatMap((type) => type.conditionKeys ?? []),
  ])
  return isKeyOf([...action.conditionKeys, ...ofResources], key)
}

/**
 * A missing key fits `Null: true`, IfExists, ForAllValues, and a negated operator without ForAnyValue, and no other. Source: IAM User
 * Guide, "Condition operators" and "Multivalued context keys".
 */
function whatFollows(operator: string, values: readonly string[], { Effect }: StatementJson): string {
  const always = /^Null$/i.test(operator) ? values.includes('true') : /IfExists$|^ForAllValues:|^(?!ForAnyValue:).*Not/.test(operator)
  return Effect === 'Deny'
    ? always
      ? 'the Deny always applies to it'
      : 'the Deny never applies to it'
    : always
      ? 'the condition never limits it'
      : 'the Allow never applies to it'
}

function near(key: string): string {
  const found = nearest(
    key.toLowerCase(),
    globalKeys.map((one) => one.toLowerCase()),
  )
  const right = globalKeys.find((one) => one.toLowerCase() === found)
  return meant(right)
}
