/**
 * The session policy: what a session may do at most. STS takes the *union* of the inline policy and the managed policy
 * ARNs and intersects it with the role (AWS IAM User Guide, "Session policies"), which decides everything here:
 *
 *   - a profile with neither says "all that the role may": only then `Allow * *` stands beside the Denies;
 *   - a profile with ARNs and no inline policy sends Denies only, since any inline Allow would widen the union;
 *   - every limit that must hold is an explicit Deny: a resource policy that names the session's ARN could step over a
 *     missing Allow, but never over a Deny.
 */
import { compactPolicy, contains, MAX_SESSION_POLICY_CHARACTERS, parsePolicy, type Statement, type StatementJson } from '@stint/iam'
import { mintingDeny } from '@stint/iam/minting/deny'
import type { Profile } from '../config/shape.ts'
import { fillStatement, type Parameters } from '../config/template.ts'
import { type Instant, toIsoSeconds } from '../instant.ts'
import { isObject, type Json } from '../json.ts'
import { type Done, done, type Refused, refused } from '../outcome.ts'
import { narrowFault } from './narrow.ts'

/** The statements of a session before Stint's own Denies: this is what terms hold and approvers agree to. */
export function profileStatements(profile: Profile, parameters: Parameters): readonly StatementJson[] {
  const written = (profile.policy ?? []).map((statement) => fillStatement(statement, parameters))
  const unlimited = !profile.policy && !profile.policyArns
  return [...(unlimited ? [allowAll] : []), ...written]
}

const allowAll: StatementJson = { Effect: 'Allow', Action: '*', Resource: '*' }

/** From this instant on nothing is allowed, whatever AWS's own expiry says (AWS gives at least 900 s). */
const denyAfter = (expiresAt: Instant): StatementJson => ({
  Effect: 'Deny',
  Action: '*',
  Resource: '*',
  Condition: { DateGreaterThanEquals: { 'aws:CurrentTime': toIsoSeconds(expiresAt) } },
})

/** What of the terms the session policy is made from. */
export type PolicyTerms = {
  readonly policy: readonly StatementJson[]
  readonly policyArns: readonly string[]
  readonly mints?: readonly string[]
}

/**
 * The inline policy as STS gets it. Two Denies are added to the statements that were approved: of the minting actions that
 * the terms do not name, and of everything from the end on. The terms do not hold them, so a newer catalogue withdraws more
 * from a request that waits and makes it no other request.
 */
export function sessionPolicy({ policy, policyArns, mints = [] }: PolicyTerms, expiresAt: Instant): string {
  const deny = mintingDeny(policy, { mints, managed: policyArns.length > 0 })
  return compactPolicy([...policy, ...(deny ? [deny] : []), denyAfter(expiresAt)])
}

/** Whether the policy, with any end and both Denies, is within what STS takes. A Deny is never left out to make it fit. */
export const fitsSts = (terms: PolicyTerms): boolean => sessionPolicy(terms, 0).length <= MAX_SESSION_POLICY_CHARACTERS

const isAllow = (statement: { readonly Effect: string }): boolean => statement.Effect === 'Allow'

/**
 * The caller asks for less. Each Allow of theirs must be provably within one Allow of the profile; every Deny of the
 * profile stays. What cannot be proved is refused: a narrowing that widens would be worse than none.
 */
export function narrowStatements(
  profile: Profile,
  statements: readonly StatementJson[],
  narrow: Json,
): Done<{ readonly statements: readonly StatementJson[]; readonly narrow: readonly StatementJson[] }> | Refused {
  const unsupported = (fault: string) => refused('narrow-unsupported', `narrow: ${fault}.`)
  if (!isObject(narrow)) return unsupported('must be a policy object')
  const parsed = parsePolicy(narrow, 'session')
  if (!parsed.ok) return unsupported(parsed.faults.slice(0, 3).join('; '))
  const text = JSON.stringify(narrow)
  if (text.includes('${')) return unsupported('policy variables are not supported')
  if (!/^[\u0020-\u00FF]*$/.test(text)) return unsupported('characters outside Latin-1 are not supported')
  const fault = narrowFault(text, parsed.policy.statements)
  if (fault) return unsupported(fault)

  const asked = parsed.policy.statements.map(toJson)
  const allows = asked.filter(isAllow)
  // Narrowing the inline part would leave the ARNs' Allows standing beside it, and the caller believing otherwise.
  if (allows.length > 0 && profile.policyArns)
    return unsupported('this profile uses managed policies, so only Deny statements can narrow it')

  const wide = statements.filter(isAllow).map(parseOne)
  const strayed = allows.findIndex((allow) => !wide.some((outer) => contains(outer, parseOne(allow))))
  if (strayed >= 0) {
    return refused('narrow-too-wide', `Allow number ${strayed + 1} of narrow is not provably within one Allow of the profile.`)
  }
  const kept = allows.length > 0 ? allows : statements.filter(isAllow)
  const denies = [...statements, ...asked].filter((statement) => !isAllow(statement))
  return done({ statements: [...kept, ...denies], narrow: asked })
}

function parseOne(statement: StatementJson): Statement {
  const parsed = parsePolicy({ Version: '2012-10-17', Statement: [statement] }, 'session')
  if (!parsed.ok) throw new TypeError(parsed.faults.join('; '))
  return parsed.policy.statements[0] as Statement
}

/** The statement in one canonical spelling: lists as lists, no Sid. */
function toJson(statement: Statement): StatementJson {
  const { actions, resources, conditions } = statement
  return {
    Effect: statement.effect,
    [actions.not ? 'NotAction' : 'Action']: actions.names,
    ...(resources ? { [resources.not ? 'NotResource' : 'Resource']: resources.names } : {}),
    ...(Object.keys(conditions).length > 0 ? { Condition: conditions } : {}),
  }
}
