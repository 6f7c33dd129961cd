/**
 * ARNs: `arn:partition:service:region:account:resource`, where only the last part can contain colons.
 * IAM compares ARNs part by part: a wildcard never matches across one of the first five colons.
 */
import type { Context } from './context.ts'
import { compile, matches } from './pattern.ts'

type ArnParts = readonly [arn: string, partition: string, service: string, region: string, account: string, resource: string]

export function splitArn(text: string): ArnParts | undefined {
  const parts = text.split(':')
  if (parts[0] !== 'arn' || parts.length < 6) return undefined
  return [...parts.slice(0, 5), parts.slice(5).join(':')] as unknown as ArnParts
}

/** Whether an ARN pattern of a policy matches an ARN. `*` alone matches everything. */
export function arnMatches(pattern: string, arn: string, context: Context, variables: boolean): boolean {
  if (pattern === '*') return true
  const wanted = splitArnPattern(pattern)
  const given = splitArn(arn)
  if (!wanted || !given) return false
  return wanted.every((part, index) => {
    const compiled = compile(part, { context, variables, wildcards: true })
    return compiled !== undefined && matches(compiled, given[index] ?? '')
  })
}

/** Splits at the first five colons outside `${…}`: `${aws:userid}` is one part of a resource. */
export function splitArnPattern(pattern: string): readonly string[] | undefined {
  const parts: string[] = ['']
  let depth = 0
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string
    if (character === '$' && pattern[at + 1] === '{') depth++
    if (character === '}' && depth > 0) depth--
    if (character === ':' && depth === 0 && parts.length < 6) parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts.length === 6 ? parts : undefined
}

/** `arn:aws:sts::1:assumed-role/NAME/SESSION` → account, role name and session name. */
export function assumedRole(arn: string): { readonly account: string; readonly role: string; readonly session: string } | undefined {
  const found = /^arn:aws[a-z-]*:sts::(\d{12}):assumed-role\/([^/]+)\/([^/]+)$/.exec(arn)
  return found ? { account: found[1] as string, role: found[2] as string, session: found[3] as string } : undefined
}
