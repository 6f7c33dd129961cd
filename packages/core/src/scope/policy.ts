/**
 * The session policy: the most that a session can do. STS takes the *union* of the inline policy and the managed policy
 * ARNs and intersects it with the role (AWS IAM User Guide, "Session policies"). This has three consequences:
 *
 *   - a profile with neither grants everything the role allows, so only then `Allow * *` is added to the Denies;
 *   - a profile with ARNs and no inline policy sends only Denies, because any inline Allow would widen the union;
 *   - every limit that must hold is an explicit Deny: a resource policy that names the session's ARN can bypass a missing
 *     Allow, but never a Deny.
 */
import {
  compactPolicy,
  contains,
  MAX_SESSION_POLICY_CHARACTERS,
  type ParsedPolicy,
  parseSessionPolicy,
  type Statement,
  type StatementJson,
} from '@stint/iam'
import { mintingDeny } from '@stint/iam/minting/deny'
import type { Profile } from '../config/shape.ts'
import { fillStatement, type Parameters } from '../config/template.ts'
import { type Instant, toIsoSeconds } from '../instant.ts'
import { isObject, type Json } from '../json.ts'
import { type Done, done, type Refused, refused } from '../outcome.ts'

/** The statements of a session before Stint adds its own Denies. The terms contain them, and approvers approve them. */
export function profileStatements(profile: Profile, parameters: Parameters): readonly StatementJson[] {
  const written = (profile.policy ?? []).map((statement) => fillStatement(statement, parameters))
  const unlimited = !profile.policy && !profile.policyArns
  return [...(unlimited ? [allowAll] : []), ...written]
}

const parse = (Statement: readonly StatementJson[]): ParsedPolicy => parseSessionPolicy({ Version: '2012-10-17', Statement })

/** What STS would refuse in the filled statements. The config check has tried other values, and the caller chose these. */
export function filledFault(statements: readonly StatementJson[]): string | undefined {
  const parsed = parse(statements)
  return parsed.ok ? undefined : parsed.faults[0]
}

const allowAll: StatementJson = { Effect: 'Allow', Action: '*', Resource: '*' }

/** Denies everything from this instant on, whatever expiration AWS sets (AWS issues at least 900 s). */
const denyAfter = (expiresAt: Instant): StatementJson => ({
  Effect: 'Deny',
  Action: '*',
  Resource: '*',
  Condition: { DateGreaterThanEquals: { 'aws:CurrentTime': toIsoSeconds(expiresAt) } },
})

/** The part of the terms that the session policy is built from. */
export type PolicyTerms = {
  readonly policy: readonly StatementJson[]
  readonly policyArns: readonly string[]
  readonly mints?: readonly string[]
}

/**
 * The inline policy as sent to STS. Two Denies are added to the approved statements: one of the minting actions that the terms
 * do not name, and one of everything from the session's end on. The terms do not contain them, so a newer catalogue denies
 * more to a pending request without changing its terms.
 */
export function sessionPolicy({ policy, policyArns, mints = [] }: PolicyTerms, expiresAt: Instant): string {
  const deny = mintingDeny(policy, { mints, managed: policyArns.length > 0 })
  return compactPolicy([...policy, ...(deny ? [deny] : []), denyAfter(expiresAt)])
}

/** Whether the policy, including both Denies, is within the STS limit. A Deny is never left out to make it fit. */
export const fitsSts = (terms: PolicyTerms): boolean => sessionPolicy(terms, 0).length <= MAX_SESSION_POLICY_CHARACTERS

const isAllow = (statement: { readonly Effect: string }): boolean => statement.Effect === 'Allow'

export type NarrowRefusal = 'narrow-unsupported' | 'narrow-too-wide'

/**
 * Applies the caller's narrowing policy. Each of its Allows must be provably within one Allow of the profile, and every Deny
 * of the profile stays. What cannot be proved is refused, because a narrowing that widens would be worse than none.
 */
export function narrowStatements(
  profile: Profile,
  statements: readonly StatementJson[],
  narrow: Json,
): Done<{ readonly statements: readonly StatementJson[]; readonly narrow: readonly StatementJson[] }> | Refused<NarrowRefusal> {
  const unsupported = (fault: string) => refused('narrow-unsupported', `narrow: ${fault}.`)
  if (!isObject(narrow)) return unsupported('must be a policy object')
  // First what is cheap: a caller chose this text.
  const text = JSON.stringify(narrow)
  if (text.length > MAX_SESSION_POLICY_CHARACTERS)
    return unsupported(`is longer than ${MAX_SESSION_POLICY_CHARACTERS} characters, the AWS limit`)
  if (text.includes('${')) return unsupported('policy variables are not supported')
  const parsed = parseSessionPolicy(narrow)
  if (!parsed.ok) return unsupported(parsed.faults.slice(0, 3).join('; '))
  if (!isPrintable(narrow)) return unsupported('control characters and characters outside Latin-1 are not supported')

  const asked = parsed.policy.statements.map(toJson)
  const allows = asked.filter(isAllow)
  // Narrowing only the inline policy would leave the Allows of the managed policies in place, which the caller would not expect.
  if (allows.length > 0 && profile.policyArns)
    return unsupported('this profile uses managed policies, so only Deny statements can narrow it')

  const wide = allows.length > 0 ? parsedStatements(statements) : []
  const inner = parsed.policy.statements.filter(({ effect }) => effect === 'Allow')
  const strayed = inner.findIndex((allow) => !wide.some((outer) => contains(outer, allow)))
  if (strayed >= 0) {
    return refused('narrow-too-wide', `narrow: Allow statement ${strayed + 1} is not provably within a single Allow of the profile.`)
  }
  const kept = allows.length > 0 ? allows : statements.filter(isAllow)
  const denies = [...statements, ...asked].filter((statement) => !isAllow(statement))
  return done({ statements: [...kept, ...denies], narrow: asked })
}

/** Whether all names and strings are printable Latin-1. In JSON text, control characters are escapes, which look printable. */
function isPrintable(value: Json): boolean {
  if (typeof value === 'string') return /^[\u0020-\u007E\u00A0-\u00FF]*$/.test(value)
  return Object.entries(Object(value)).every(([name, one]) => isPrintable(name) && isPrintable(one as Json))
}

function parsedStatements(statements: readonly StatementJson[]): readonly Statement[] {
  const parsed = parse(statements)
  if (!parsed.ok) throw new TypeError(parsed.faults.join('; '))
  return parsed.policy.statements
}

/** The statement in its canonical form: always lists, and no Sid. */
function toJson(statement: Statement): StatementJson {
  const { actions, resources, conditions } = statement
  return {
    Effect: statement.effect,
    [actions.not ? 'NotAction' : 'Action']: actions.names,
    ...(resources ? { [resources.not ? 'NotResource' : 'Resource']: resources.names } : {}),
    ...(Object.keys(conditions).length > 0 ? { Condition: conditions } : {}),
  }
}
