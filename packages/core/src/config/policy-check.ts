/**
 * The session policy of a profile, read as STS will read it: filled with values that its parameters can have, so that a typo is found
 * here and not by AWS at the first vend.
 */
import { parseSessionPolicy, type StatementJson } from '@stint/iam'
import { isObject } from '../json.ts'
import { samplesOf } from './sample.ts'
import type { PolicyStatement, Profile } from './shape.ts'
import { fillStatement, type Parameters } from './template.ts'

type Say = (path: string, fault: string) => void

/** Combinations of sample values that are tried for one statement. */
const MOST_FILLINGS = 256
/** Stands for a parameter. No other text of a policy has it: STS refuses everything beyond Latin-1. */
const MARK = '\uE000'

export function checkPolicy(profile: Profile, path: string, say: Say): void {
  const { policy = [], parameters = {} } = profile
  if (profile.policy && !profile.policyArns && !policy.some((item) => item.Effect === 'Allow'))
    say(`${path}.policy`, 'allows nothing. A policy of only Deny statements needs policyArns too')
  const samples = Object.fromEntries(Object.entries(parameters).map(([name, parameter]) => [name, samplesOf(parameter)]))
  const marks = Object.fromEntries(Object.keys(parameters).map((name) => [name, MARK]))
  policy.forEach((item, index) => {
    const place = `${path}.policy[${index}]`
    const unknown = paramsOf(item).filter((name) => !Object.hasOwn(parameters, name))
    for (const name of new Set(unknown)) say(place, `names the unknown parameter '${name}'`)
    const fault = textsOf(fillStatement(item, marks))
      .map(dollarFault)
      .find((one) => one !== undefined)
    if (fault) say(place, fault)
    if (!/^[\t\n\r\u0020-\u00FF]*$/.test(JSON.stringify(item))) say(place, 'contains characters outside Latin-1, which STS rejects')
  })
  const filled = policy.map((item) => acceptedFilling(item, samples))
  const parsed = parseSessionPolicy({ Version: '2012-10-17', Statement: filled })
  if (parsed.ok || policy.length === 0) return
  for (const fault of parsed.faults) {
    const [, index, text = ''] = /^Statement\[(\d+)\][.:]?\s*(.*)$/s.exec(fault) ?? []
    say(index === undefined ? `${path}.policy` : `${path}.policy[${index}]`, text || fault)
  }
}

/** The statement with values that make it valid, or with the first ones if none do. */
function acceptedFilling(item: PolicyStatement, samples: { readonly [name: string]: readonly string[] }): StatementJson {
  let fillings: readonly Parameters[] = [{}]
  for (const name of new Set(paramsOf(item))) {
    const values = samples[name] ?? []
    // Without a sample, as for a pattern that is refused anyway, any value will do.
    fillings = fillings
      .flatMap((filling) => (values.length > 0 ? values : ['a']).map((value) => ({ ...filling, [name]: value })))
      .slice(0, MOST_FILLINGS)
  }
  const statements = fillings.map((filling) => fillStatement(item, filling))
  const accepted = statements.find((Statement) => parseSessionPolicy({ Version: '2012-10-17', Statement }).ok)
  return accepted ?? (statements[0] as StatementJson)
}

/** A parameter must not become part of a policy variable, whatever pieces the text was joined from. */
function dollarFault(text: string): string | undefined {
  if (text.includes(`$${MARK}`)) return "has a '$' directly before a parameter, which could form a policy variable"
  const inside = [...text.matchAll(/\uE000/g)].some(({ index }) => text.lastIndexOf('${', index) > text.lastIndexOf('}', index))
  return inside ? 'has a parameter inside a policy variable, so the caller would choose the variable' : undefined
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsOf)
  return isObject(value) ? Object.values(value).flatMap(textsOf) : []
}

function paramsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(paramsOf)
  if (!isObject(value)) return []
  return typeof value.param === 'string' ? [value.param] : Object.values(value).flatMap(paramsOf)
}
