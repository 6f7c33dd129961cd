/**
 * Parameters into policy values. A parameter becomes part of a JSON *value*, never of JSON text, and can neither bring
 * a wildcard that was not declared nor make or break a policy variable.
 */
import type { StatementJson } from '@stint/iam'
import type { Parameter, PolicyStatement, Template } from '../config/shape.ts'
import { isObject, type Json } from '../json.ts'
import { type Done, done, type Refused, refused } from '../outcome.ts'
import { parsePattern } from './pattern.ts'

export type Parameters = { readonly [name: string]: string }

/** What STS takes in a session policy: printable Latin-1 (AWS STS API Reference, AssumeRole, Policy). */
const latin1 = /^[\u0020-\u007E\u00A0-\u00FF]*$/

/** Every declared parameter given, no other, each fitting its pattern. */
export function checkParameters(
  declared: { readonly [name: string]: Parameter },
  given: { readonly [name: string]: Json },
): Done<Parameters> | Refused {
  const no = (name: string, fault: string) => refused('parameter-invalid', `Parameter '${name}' ${fault}.`, { extra: { parameter: name } })
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declared, name)) return no(shown(name), 'is not one of this profile')
  }
  const values: { [name: string]: string } = {}
  for (const [name, rule] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    if (value === undefined) return no(name, 'is missing')
    if (typeof value !== 'string') return no(name, 'must be a text')
    if (value.length > rule.max) return no(name, `is longer than ${rule.max} characters`)
    if (!latin1.test(value)) return no(name, 'holds a control character or one outside Latin-1')
    if (value.includes('$')) return no(name, "holds '$', which could begin a policy variable")
    if (!rule.wildcard && /[*?]/.test(value)) return no(name, "holds '*' or '?', which IAM reads as wildcards")
    if (!fitsPattern(rule.pattern, value)) return no(name, `does not fit its pattern ${rule.pattern}`)
    values[name] = value
  }
  return done(values)
}

/** Parsed once per process; a config has a few hundred of them at most. */
const parsedPatterns = new Map<string, (text: string) => boolean>()
const MOST_PATTERNS = 1000

function fitsPattern(source: string, value: string): boolean {
  let fits = parsedPatterns.get(source)
  if (!fits) {
    const parsed = parsePattern(source)
    if (!parsed.ok) throw new TypeError(`a pattern that the config check refuses: ${parsed.fault}`)
    fits = parsed.fits
    if (parsedPatterns.size >= MOST_PATTERNS) parsedPatterns.clear()
    parsedPatterns.set(source, fits)
  }
  return fits(value)
}

/** A name as the caller sent it, cut so that a problem body stays small. */
const shown = (name: string): string => (name.length > 40 ? `${name.slice(0, 40)}…` : name)

/** The statement with every template filled. Parameters were checked before; an unknown one is a bug. */
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
