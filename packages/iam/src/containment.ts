/**
 * Containment: whether one Allow permits everything that another permits. Sound, not complete: `true` is a proof, `false`
 * means that no proof was found. Stint lets a caller narrow a session only if containment is proved here.
 *
 * Nothing is proved about an ARN that is not complete: AWS would complete it, and so include or exclude more than its text says.
 */

import { actionMatches } from './action.ts'
import { splitArn } from './arn.ts'
import { arnFault } from './arn-pattern.ts'
import { type Conditions, isNegated } from './operators.ts'
import { covers } from './pattern.ts'
import type { Names, Statement } from './policy.ts'

export function contains(wide: Statement, narrow: Statement): boolean {
  return (
    wide.effect === 'Allow' &&
    narrow.effect === 'Allow' &&
    namesWithin(wide.actions, narrow.actions, coversAction, (pattern, name) => actionMatches(pattern, name)) &&
    wide.resources !== undefined &&
    narrow.resources !== undefined &&
    [...wide.resources.names, ...narrow.resources.names].every((name) => name === '*' || arnFault(name) === undefined) &&
    namesWithin(wide.resources, narrow.resources, coversArn, (pattern, name) => covers(pattern, name)) &&
    // `${…}` is a variable in one version of the language and plain text in the other.
    (wide.variables === narrow.variables || !JSON.stringify(wide.conditions).includes('${')) &&
    conditionsWithin(wide.conditions, narrow.conditions)
  )
}

function namesWithin(
  wide: Names,
  narrow: Names,
  covering: (wide: string, narrow: string) => boolean,
  matching: (pattern: string, name: string) => boolean,
): boolean {
  if (!wide.not && !narrow.not) return narrow.names.every((name) => wide.names.some((outer) => covering(outer, name)))
  // "All but W" contains "all but N" if N excludes at least what W excludes …
  if (wide.not && narrow.not) return wide.names.every((left) => narrow.names.some((outer) => covering(outer, left)))
  // … and it contains a list of plain names if it excludes none of them. For wildcards no proof is attempted.
  if (wide.not)
    return narrow.names.every((name) => isPlain(name) && !wide.names.some((pattern) => pattern.includes('${') || matching(pattern, name)))
  return wide.names.includes('*')
}

const isPlain = (name: string) => !/[*?]|\$\{/.test(name)

const coversAction = (wide: string, narrow: string) => covers(wide.toLowerCase(), narrow.toLowerCase())

/** Part by part. What is proved so also holds for a service that compares ARNs as one string. */
function coversArn(wide: string, narrow: string): boolean {
  if (wide === '*') return true
  const [outer, inner] = [splitArn(wide), splitArn(narrow)]
  if (!outer || !inner) return false
  return outer.every((part, index) => covers(part, inner[index] ?? ''))
}

/** The narrow side must have every condition of the wide side, at least as strict. It can have more. */
function conditionsWithin(wide: Conditions, narrow: Conditions): boolean {
  return Object.entries(wide).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const given = Object.entries(narrow[operator] ?? {}).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1]
      if (!given || given.length === 0) return false
      return isNegated(operator) ? wanted.every((value) => given.includes(value)) : given.every((value) => wanted.includes(value))
    }),
  )
}
