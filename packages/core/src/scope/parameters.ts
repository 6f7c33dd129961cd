/**
 * Checks the parameters that a caller sends for a profile. A parameter becomes part of a JSON *value*, never of JSON text. It
 * cannot add an undeclared wildcard, and it cannot create or break a policy variable.
 */

import { remembering } from '@stint/iam/remembered'
import { parsePattern } from '../config/pattern.ts'
import type { Parameter } from '../config/shape.ts'
import type { Parameters } from '../config/template.ts'
import type { Json } from '../json.ts'
import { type Done, done, type Refused, refused } from '../outcome.ts'

/** STS accepts printable Latin-1 in a session policy (AWS STS API Reference, AssumeRole, Policy). */
const latin1 = /^[\u0020-\u007E\u00A0-\u00FF]*$/

/** Requires every declared parameter and no other, each matching its pattern. */
export function checkParameters(
  declared: { readonly [name: string]: Parameter },
  given: { readonly [name: string]: Json },
): Done<Parameters> | Refused<'parameter-invalid'> {
  const no = (name: string, fault: string) =>
    refused('parameter-invalid', `Parameter '${name}' ${fault}.`, { evidence: { parameter: name } })
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declared, name)) return no(shown(name), 'is unknown in this profile')
  }
  const values: { [name: string]: string } = {}
  for (const [name, rule] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    if (value === undefined) return no(name, 'is missing')
    if (typeof value !== 'string') return no(name, 'must be a string')
    if (value.length > rule.max) return no(name, `is longer than ${rule.max} characters`)
    if (!latin1.test(value)) return no(name, 'contains a control character or a character outside Latin-1')
    if (value.includes('$')) return no(name, "contains '$', which could start a policy variable")
    if (!rule.wildcard && /[*?]/.test(value)) return no(name, "contains '*' or '?', which IAM reads as wildcards")
    if (!fitsPattern(rule.pattern, value)) return no(name, `does not match its pattern ${rule.pattern}`)
    values[name] = value
  }
  return done(values)
}

/** Each pattern is parsed once per process. A config has a few hundred of them at most. */
const remembered = remembering<(text: string) => boolean>(1000)

function fitsPattern(source: string, value: string): boolean {
  const fits = remembered(source, () => {
    const parsed = parsePattern(source)
    if (!parsed.ok) throw new TypeError(`a pattern that the config check refuses: ${parsed.fault}`)
    return parsed.fits
  })
  return fits(value)
}

/** A parameter name from the caller, cut so that a problem body stays small. */
const shown = (name: string): string => (name.length > 40 ? `${name.slice(0, 40)}…` : name)
