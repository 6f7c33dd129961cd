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

/**
 * The statement with values that make it valid, or nearly. First, one parameter after the other gets the value that leaves the fewest
 * faults: most places have one parameter. Then combinations are tried, for places with several.
 */
function acceptedFilling(item: PolicyStatement, samples: { readonly [name: string]: readonly string[] }): StatementJson {
  const names = [...new Set(paramsOf(item))]
  // Without a sample, as for a pattern that is refused anyway, any value will do.
  const valuesOf = (name: string): readonly string[] => (samples[name]?.length ? samples[name] : ['a'])
  const withEach = (filling: Parameters, name: string) => valuesOf(name).map((value) => ({ ...filling, [name]: value }))
  const fewestFaults = (fillings: readonly Parameters[]) => minBy(fillings, (filling) => faultsIn(fillStatement(item, filling)))
  const first: Parameters = Object.fromEntries(names.map((name) => [name, valuesOf(name)[0] ?? 'a']))
  const nearest = names.reduce((filling, name) => fewestFaults(withEach(filling, name)), first)
  if (faultsIn(fillStatement(item, nearest)) === 0) return fillStatement(item, nearest)
  const combined = names.reduce<readonly Parameters[]>(
    (fillings, name) => fillings.flatMap((filling) => withEach(filling, name)).slice(0, MOST_FILLINGS),
    [nearest],
  )
  return fillStatement(item, fewestFaults(combined))
}

function faultsIn(Statement: StatementJson): number {
  const parsed = parseSessionPolicy({ Version: '2012-10-17', Statement })
  return parsed.ok ? 0 : parsed.faults.length
}

/** The first of the smallest. */
function minBy<T>(list: readonly T[], size: (one: T) => number): T {
  const sized = list.map((one) => ({ one, size: size(one) }))
  return sized.reduce((least, next) => (next.size < least.size ? next : least)).one
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
