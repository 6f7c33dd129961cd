/**
 * The policies of a target's role, as `stint doctor --aws` read them from IAM, kept on this machine so that `stint why` can evaluate them
 * too. They are no secret, and they are out of date at some point: what is older than 30 days is not used.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { parseIso } from '@stint/core/instant'
import { evaluate, type Policy, parsePolicy } from '@stint/iam'
import type { Env } from '../frame/http.ts'
import { stateFolder } from '../frame/paths.ts'
import { readPrivateJson, writePrivate } from '../frame/private-file.ts'
import type { Call } from './profiles.ts'

export type RolePolicies = {
  readonly roleArn: string
  /** RFC 3339. */
  readonly readAt: string
  /** Inline and attached policies, as JSON documents. */
  readonly policies: readonly unknown[]
  readonly boundary?: unknown
}

const KEPT_MS = 30 * 86_400_000

const fileOf = (env: Env, roleArn: string): string =>
  join(stateFolder(env), 'roles', `${createHash('sha256').update(roleArn).digest('hex').slice(0, 24)}.json`)

export const keepRolePolicies = (env: Env, found: RolePolicies): Promise<void> =>
  writePrivate(fileOf(env, found.roleArn), `${JSON.stringify(found)}\n`)

/** Undefined if there are none, or none that can be used. */
export async function keptRolePolicies(env: Env, roleArn: string, nowMs: number): Promise<RolePolicies | undefined> {
  const value = await readPrivateJson(fileOf(env, roleArn)).catch(() => undefined)
  if (typeof value !== 'object' || value === null) return undefined
  const { roleArn: arn, readAt, policies, boundary } = value as Record<string, unknown>
  const at = typeof readAt === 'string' ? parseIso(readAt) : undefined
  if (arn !== roleArn || at === undefined || nowMs - at > KEPT_MS || !Array.isArray(policies)) return undefined
  return { roleArn, readAt: String(readAt), policies, ...(boundary === undefined ? {} : { boundary }) }
}

/**
 * Whether the role's own policies allow the call: `allows` if they do whatever the conditions and variables are, `denies` if they do not
 * in any case. Undefined if it depends on them, or if the call or a policy cannot be judged.
 */
export function roleVerdict({ policies, boundary }: RolePolicies, { action, resource }: Call): 'allows' | 'denies' | undefined {
  if (resource === undefined) return undefined
  const all = boundary === undefined ? policies : [...policies, boundary]
  const judged = (keep: (statement: Statement) => boolean) => {
    const parsed = all.map((document) => without(document, keep))
    if (parsed.some((one) => one === undefined)) return undefined
    const found = parsed as readonly Policy[]
    const principal = { arn: 'arn:aws:sts::000000000000:assumed-role/x/y', account: '000000000000' }
    return evaluate({
      principal,
      action,
      resource: { arn: resource === '*' ? 'arn:aws:x:::x' : resource, account: principal.account },
      context: {},
      identity: boundary === undefined ? found : found.slice(0, -1),
      ...(boundary === undefined ? {} : { boundary: found.at(-1) as Policy }),
    }).allowed
  }
  // At worst each uncertain Allow does not apply and each uncertain Deny does; at best the other way round.
  const worst = judged((statement) => statement.Effect === 'Deny' || isCertain(statement))
  const best = judged((statement) => statement.Effect === 'Allow' || isCertain(statement))
  if (worst === undefined || best === undefined) return undefined
  return worst ? 'allows' : best ? undefined : 'denies'
}

type Statement = { readonly Effect?: unknown; readonly Condition?: unknown; readonly Resource?: unknown; readonly NotResource?: unknown }

/** `${aws:PrincipalTag/team}`: its value depends on the session, which is not known here. */
const VARIABLE = /\$\{[^}]*\}/g
const hasVariable = (value: unknown): boolean => [value].flat().some((one) => typeof one === 'string' && one.search(VARIABLE) >= 0)

const isCertain = ({ Condition, Resource, NotResource }: Statement): boolean =>
  Condition === undefined && !hasVariable(Resource) && !hasVariable(NotResource)

/** The statement where it applies to the most calls: its condition holds, and each variable has the value that matches. */
function widest({ Condition: _condition, ...statement }: Statement): Statement {
  const { Resource, NotResource, ...rest } = statement
  if (hasVariable(Resource))
    return { ...rest, Resource: [Resource].flat().map((one) => (typeof one === 'string' ? one.replace(VARIABLE, '*') : one)) }
  if (!hasVariable(NotResource)) return statement
  // What it excludes may be another resource.
  const excluded = [NotResource].flat().filter((one) => !hasVariable(one))
  return { ...rest, ...(excluded.length > 0 ? { NotResource: excluded } : { Resource: '*' }) }
}

/** The policy with the statements to keep, each where it applies to the most calls. */
function without(document: unknown, keep: (statement: Statement) => boolean): Policy | undefined {
  const { Version, Statement } = Object(document) as { readonly Version?: unknown; readonly Statement?: unknown }
  const statements = [Statement].flat().filter((one): one is Statement => typeof one === 'object' && one !== null)
  const kept = statements.filter(keep).map(widest)
  // A policy needs a statement. This one allows nothing.
  const given = kept.length > 0 ? kept : [{ Effect: 'Deny', Action: 'x:None', Resource: '*' }]
  const parsed = parsePolicy({ ...(Version === undefined ? {} : { Version }), Statement: given } as never, 'identity')
  return parsed.ok ? parsed.policy : undefined
}
