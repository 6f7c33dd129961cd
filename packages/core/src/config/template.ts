/** Fills the templates of a policy statement with parameters. A parameter becomes part of a JSON value, never of JSON text. */
import type { StatementJson } from '@stint/iam'
import { isObject } from '../json.ts'
import type { PolicyStatement, Template } from './shape.ts'

export type Parameters = { readonly [name: string]: string }

/** The statement with every template filled. The parameters have been checked before, so an unknown one is a bug. */
export function fillStatement(statement: PolicyStatement, parameters: Parameters): StatementJson {
  return fill(statement, parameters) as StatementJson
}

function fill(value: unknown, parameters: Parameters): unknown {
  if (Array.isArray(value)) return value.map((item) => fill(item, parameters))
  if (!isObject(value)) return value
  if (isTemplate(value)) return value.join.map((part) => (typeof part === 'string' ? part : (parameters[part.param] ?? ''))).join('')
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fill(member, parameters)]))
}

const isTemplate = (value: object): value is Template => 'join' in value && Array.isArray(value.join)
