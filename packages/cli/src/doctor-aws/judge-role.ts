/**
 * Whether the broker can assume a target's role, and whether it alone can: the role as IAM describes it, judged against the config.
 * Pure. Source of the rules: AWS IAM User Guide, "Policy evaluation logic"; STS in the Service Authorization Reference (condition keys
 * of sts:TagSession and sts:SetSourceIdentity, to which the external ID does not belong).
 */
import type { Target } from '@stint/core/config/shape'
import { evaluate, type Policy, type Principal, parsePolicy, type Statement } from '@stint/iam'
import { partitionIn } from '@stint/iam/partition'
import type { Check } from '../doctor/check.ts'
import { trustPolicyOf } from '../target/trust.ts'

/** What IAM's GetRole returns of a role. */
export type RoleDocument = {
  readonly arn: string
  readonly trust: unknown
  readonly maxSessionSeconds: number
  readonly boundary?: string
}
export type Expected = {
  readonly name: string
  readonly target: Target
  /** The role of `vend`. Undefined: not given, so the role that the trust policy names is taken for it. */
  readonly brokerRole?: string
  /** The longest session of the profiles on this target. */
  readonly longestSeconds: number
}

/** In the order in which to fix them. Undefined: there is no such role. */
export function judgeRole(role: RoleDocument | undefined, expected: Expected): readonly Check[] {
  const { target, brokerRole, longestSeconds } = expected
  if (!role) return [missingRole(expected)]
  const parsed = parsePolicy(role.trust, 'trust')
  if (!parsed.ok) {
    const says = `the trust policy has elements that cannot be evaluated here: ${parsed.faults[0] ?? ''}`
    return [{ check: 'trust-policy', state: 'warning', says, gate: 'trust-policy', fix: fixOf(expected) }]
  }
  const broker = brokerRole ?? onlyPrincipal(parsed.policy)
  const identity: Check =
    role.arn === target.roleArn
      ? { check: 'role', state: 'ok', says: `${role.arn} exists` }
      : {
          check: 'role',
          state: 'failed',
          says: `IAM has ${role.arn}, the config has ${target.roleArn}`,
          fix: 'Correct roleArn in stint.config.ts: the path is part of it.',
        }
  if (broker === undefined) {
    const says = 'the trust policy does not name exactly one role, so Stint cannot tell whether it trusts the broker'
    return [
      identity,
      { check: 'trust-policy', state: 'failed', says, gate: 'trust-policy', fix: `Pass --broker-role ARN to judge it. ${fixOf(expected)}` },
    ]
  }
  const judged = { ...expected, policy: parsed.policy, broker }
  return [
    identity,
    ...(brokerRole === undefined ? [assumedBroker(broker)] : []),
    entry(judged),
    ...strangers(judged),
    ...(['sts:TagSession', 'sts:SetSourceIdentity'] as const).map((action) => companion(action, judged)),
    duration(role, longestSeconds),
    boundary(role, target.revocation === true),
  ]
}

type Judged = Expected & { readonly policy: Policy; readonly broker: string }

const fixOf = ({ target, brokerRole }: Expected): string =>
  `Deploy infra/target/target.yaml again, or set this trust policy: ${JSON.stringify(trustPolicyOf(target, brokerRole ?? 'ARN-OF-THE-BROKER-ROLE'))}`

const missingRole = (expected: Expected): Check => ({
  check: 'role',
  state: 'failed',
  gate: 'trust-policy',
  says: `${expected.target.roleArn} does not exist`,
  fix: 'Create it from infra/target/target.yaml (docs/guides/targets.md), or remove the target from stint.config.ts.',
})

const assumedBroker = (broker: string): Check => ({
  check: 'broker-role',
  state: 'warning',
  says: `not given; assuming ${broker}, which the trust policy names`,
  fix: 'Pass --broker-role with the brokerRole that your deployment printed.',
})

/** The one role that Allow statements name. */
function onlyPrincipal({ statements }: Policy): string | undefined {
  const names = new Set(
    statements
      .filter(({ effect }) => effect === 'Allow')
      .flatMap(({ principals }) =>
        principals && !principals.not && principals.principals !== '*' ? (principals.principals.AWS ?? []) : ['*'],
      ),
  )
  const [only] = names
  return names.size === 1 && only !== undefined && ROLE.test(only) ? only : undefined
}

const ROLE = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(?:[^/]+\/)*([^/]+)$/

// ── Evaluation ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A session of the role, as which `vend` calls STS. */
function sessionOf(roleArn: string): Principal {
  const [, partition = 'aws', account = '', name = ''] = ROLE.exec(roleArn) ?? []
  return { arn: `arn:${partition}:sts::${account}:assumed-role/${name}/stint`, account, roleArn }
}

const SESSION_NAME = 'acme.dana-req_01ktn3x0c9e8t7b6w5v4s3r2q1.ab3def7h'
/** What `vend` sends, as condition keys. A role session has no MFA, so those keys are absent. */
const calls = {
  'sts:AssumeRole': ({ externalId }: Target) => ({
    'sts:ExternalId': externalId,
    'sts:RoleSessionName': SESSION_NAME,
    'sts:SourceIdentity': 'acme.dana',
    'aws:RequestTag/stint:session': 'req_01ktn3x0c9e8t7b6w5v4s3r2q1.ab3def7h',
    'aws:TagKeys': 'stint:session',
  }),
  // AWS sets no external ID for these.
  'sts:TagSession': () => ({ 'aws:RequestTag/stint:session': 'req_01ktn3x0c9e8t7b6w5v4s3r2q1.ab3def7h', 'aws:TagKeys': 'stint:session' }),
  'sts:SetSourceIdentity': () => ({ 'sts:SourceIdentity': 'acme.dana' }),
} as const
type Action = keyof typeof calls
type Context = { readonly [key: string]: string | undefined }

const everything = {
  statements: [
    { effect: 'Allow', actions: { not: false, names: ['*'] }, resources: { not: false, names: ['*'] }, conditions: {}, variables: false },
  ],
} as const satisfies Policy

/** Whether the trust policy lets the principal in, if its own policies allow the call. */
function lets(
  policy: Policy,
  principal: Principal,
  action: Action,
  target: Target,
  context: Context,
): { allowed: boolean; explicit: boolean } {
  const withPrincipal = { 'aws:PrincipalArn': principal.roleArn ?? principal.arn, 'aws:PrincipalAccount': principal.account, ...context }
  const { allowed, verdict } = evaluate({
    principal,
    action,
    resource: { arn: target.roleArn, account: target.account },
    context: withPrincipal,
    identity: [everything],
    resourcePolicy: policy,
    resourcePolicyDecides: true,
  })
  return { allowed, explicit: verdict === 'explicit-deny' }
}

const allowsOf = (policy: Policy): readonly Statement[] => policy.statements.filter(({ effect }) => effect === 'Allow')

/** Why the broker is not let in: which gate, which statement, which condition. */
function closedGate(action: Action, judged: Judged, context: Context): Check {
  const { policy, broker, target } = judged
  const check = names[action]
  const principal = sessionOf(broker)
  const no = (says: string, gate: 'trust-policy' | 'condition', fix = fixOf(judged)): Check => ({ check, state: 'failed', says, gate, fix })
  if (lets(policy, principal, action, target, context).explicit)
    return no(`a Deny statement denies ${action} to ${broker}`, 'trust-policy', 'Remove or narrow that Deny. No Allow overrides it.')
  const about = allowsOf(policy).filter((one) => lets({ statements: [{ ...one, conditions: {} }] }, principal, action, target, {}).allowed)
  if (about.length === 0) return no(notNamed(action, judged), 'trust-policy')
  // The statement that comes closest.
  const failed = about.map((one) => failedConditions(one, action, judged, context)).sort((one, other) => one.length - other.length)[0] ?? []
  const mfa = failed.find(({ key }) => /^aws:MultiFactorAuth/i.test(key))
  if (mfa)
    return no(
      `${action} needs ${mfa.key}, which can never be met: the broker is a role, and a session of a role has no MFA`,
      'condition',
      'Remove the MFA condition. To require a second factor, set mfa: true in the profile.',
    )
  const words = failed.map(({ operator, key, wanted }) => `${operator} ${key} ${wanted.join(' or ')}`).join(' and ')
  if (failed.every(({ key }) => !KNOWN_KEYS.test(key)))
    return {
      check,
      state: 'warning',
      says: `${action} depends on a condition that cannot be judged here: ${words}`,
      gate: 'condition',
      fix: fixOf(judged),
    }
  const keys = failed.map(({ key }) => key.toLowerCase())
  return no(`${action} is allowed only if ${words}`, 'condition', conditionFix(action, keys, judged))
}

/** Keys whose values in the broker's call are known. Others, such as the network or the organization, are not. */
const KNOWN_KEYS =
  /^(sts:(ExternalId|RoleSessionName|SourceIdentity)|aws:(RequestTag\/.+|TagKeys|PrincipalArn|PrincipalAccount|MultiFactorAuth.+))$/i

type Failed = { readonly operator: string; readonly key: string; readonly wanted: readonly string[] }

/** Each condition alone, of a statement that applies to the call. */
function failedConditions(one: Statement, action: Action, { broker, target }: Judged, context: Context): readonly Failed[] {
  return Object.entries(one.conditions).flatMap(([operator, keys]) =>
    Object.entries(keys).flatMap(([key, wanted]) => {
      const alone = { ...one, conditions: { [operator]: { [key]: wanted } } }
      return lets({ statements: [alone] }, sessionOf(broker), action, target, context).allowed ? [] : [{ operator, key, wanted }]
    }),
  )
}

/** The unique ID of a role or a user that no longer exists. */
const DELETED = /^A(ROA|IDA)[A-Z0-9]+$/

const names: { readonly [action in Action]: string } = {
  'sts:AssumeRole': 'trust-policy',
  'sts:TagSession': 'tag-session',
  'sts:SetSourceIdentity': 'source-identity',
}

function notNamed(action: Action, { policy, broker }: Judged): string {
  const listed = allowsOf(policy).flatMap(({ principals }) =>
    principals && principals.principals !== '*' ? (principals.principals.AWS ?? []) : [],
  )
  // IAM replaces the ARN of a role that was deleted by its unique ID (IAM User Guide, "IAM JSON policy elements: Principal").
  const gone = listed.find((name) => DELETED.test(name))
  if (gone !== undefined)
    return `the trust policy names ${gone}: a role that was deleted. If ${broker} was created again, save the policy again`
  return listed.includes(broker)
    ? `the trust policy names ${broker}, but does not allow it ${action}`
    : `the trust policy does not name ${broker}`
}

function conditionFix(action: Action, keys: readonly string[], judged: Judged): string {
  const external = keys.includes('sts:externalid')
  if (external && action !== 'sts:AssumeRole')
    return `AWS sets no external ID for ${action}: allow it in a statement of its own. ${fixOf(judged)}`
  if (external) return `Set externalId in stint.config.ts, or sts:ExternalId in the trust policy: both must be the same. ${fixOf(judged)}`
  return fixOf(judged)
}

function entry(judged: Judged): Check {
  const { policy, broker, target } = judged
  const context = calls['sts:AssumeRole'](target)
  if (!lets(policy, sessionOf(broker), 'sts:AssumeRole', target, context).allowed) return closedGate('sts:AssumeRole', judged, context)
  return { check: 'trust-policy', state: 'ok', says: `trusts ${broker}, with the external ID of the config` }
}

function companion(action: 'sts:TagSession' | 'sts:SetSourceIdentity', judged: Judged): Check {
  const { policy, broker, target } = judged
  const context = calls[action]()
  const check = names[action]
  if (lets(policy, sessionOf(broker), action, target, context).allowed) return { check, state: 'ok', says: `${action} is allowed` }
  return closedGate(action, judged, context)
}

/** Calls that must be denied. Each is the broker's call with one thing wrong. */
function strangers(judged: Judged): readonly Check[] {
  const { policy, broker, target } = judged
  const right = calls['sts:AssumeRole'](target)
  const lenient = withoutUnknown(policy)
  const isIn = (principal: Principal, context: Context) => lets(lenient, principal, 'sts:AssumeRole', target, context).allowed
  const [, partition, account] = ROLE.exec(broker) ?? []
  const other = (id: string | undefined) => sessionOf(`arn:${partition}:iam::${id}:role/other-than-stint`)
  const elsewhere = '000000000000'
  const external: Check =
    isIn(sessionOf(broker), { ...right, 'sts:ExternalId': `${target.externalId}-wrong` }) ||
    isIn(sessionOf(broker), { ...right, 'sts:ExternalId': undefined })
      ? {
          check: 'external-id',
          state: 'failed',
          gate: 'condition',
          says: 'the trust policy does not require the external ID',
          fix: fixOf(judged),
        }
      : { check: 'external-id', state: 'ok', says: 'required' }
  const open = [
    ...[
      ['any AWS account', other(elsewhere)] as const,
      ['other roles of the broker’s account', other(account)] as const,
      ['other roles of the target’s account', other(target.account)] as const,
      ...named(policy, broker).map((name) => [name, principalOf(name, partitionIn(target.roleArn))] as const),
    ]
      .filter(([, principal]) => isIn(principal, right))
      .map(([words]) => words),
    ...notOfAws(policy),
  ]
  const alone: Check =
    open.length === 0
      ? { check: 'broker-alone', state: 'ok', says: 'no other principal can assume the role' }
      : {
          check: 'broker-alone',
          state: 'failed',
          gate: 'trust-policy',
          says: `the trust policy also trusts ${open.join(', ')}, which can assume the role without Stint`,
          fix: fixOf(judged),
        }
  const untagged = isIn(sessionOf(broker), { ...right, 'aws:RequestTag/stint:session': undefined, 'aws:TagKeys': undefined })
  const tag: readonly Check[] = untagged
    ? [{ check: 'session-tag', state: 'warning', says: 'the trust policy does not require the tag stint:session', fix: fixOf(judged) }]
    : [{ check: 'session-tag', state: 'ok', says: 'required' }]
  return [external, alone, ...tag]
}

/** A stranger may meet every condition that cannot be judged here, such as the organization, the network or MFA. */
const withoutUnknown = ({ statements }: Policy): Policy => ({
  statements: statements.map((one) => {
    if (one.effect === 'Deny') return one
    const kept = Object.entries(one.conditions).map(([operator, keys]) => {
      const known = Object.entries(keys).filter(([key]) => KNOWN_KEYS.test(key) && !/^aws:MultiFactorAuth/i.test(key))
      return [operator, Object.fromEntries(known)] as const
    })
    return { ...one, conditions: Object.fromEntries(kept) }
  }),
})

/** The AWS principals that the policy names besides the broker. Each may meet conditions that a made-up role does not. */
const named = (policy: Policy, broker: string): readonly string[] => [
  ...new Set(
    allowsOf(policy)
      .flatMap(({ principals }) => (principals && principals.principals !== '*' ? (principals.principals.AWS ?? []) : []))
      .filter((name) => name !== broker && name !== '*' && !DELETED.test(name)),
  ),
]

/** A role's session, a user as itself, and for an account some role of it. */
function principalOf(name: string, home: string): Principal {
  if (ROLE.test(name)) return sessionOf(name)
  const account = /^(?:arn:[^:]*:[^:]*::)?(\d{12})\b/.exec(name)?.[1] ?? ''
  const partition = name.startsWith('arn:') ? partitionIn(name) : home
  return /^(\d{12}|arn:[^:]*:iam::\d{12}:root)$/.test(name)
    ? sessionOf(`arn:${partition}:iam::${account}:role/other-than-stint`)
    : { arn: name, account }
}

/** Services and identity providers that may assume the role. They are named whatever their conditions: Stint needs none of them. */
const notOfAws = (policy: Policy): readonly string[] => [
  ...new Set(
    allowsOf(policy).flatMap(({ principals }) =>
      principals && principals.principals !== '*'
        ? [...(principals.principals.Service ?? []), ...(principals.principals.Federated ?? [])]
        : [],
    ),
  ),
]

function duration({ maxSessionSeconds }: RoleDocument, longest: number): Check {
  if (maxSessionSeconds >= longest)
    return { check: 'max-session-duration', state: 'ok', says: `${maxSessionSeconds} s, and profiles need ${longest} s` }
  return {
    check: 'max-session-duration',
    state: 'failed',
    gate: 'condition',
    says: `${maxSessionSeconds} s, but profiles on this target need ${longest} s`,
    fix: `Set the role's MaxSessionDuration to ${longest}, or shorten duration.max of the profiles.`,
  }
}

function boundary({ boundary: arn }: RoleDocument, hasRevoker: boolean): Check {
  if (arn === undefined && hasRevoker)
    return {
      check: 'permissions-boundary',
      state: 'failed',
      says: 'none, and the target has revocation: its revoker can write policies on the role, so it could grant anything',
      fix: 'Set PermissionsBoundaryArn of infra/target/target.yaml (docs/guides/targets.md).',
    }
  return { check: 'permissions-boundary', state: 'ok', says: arn === undefined ? 'none' : `${arn} limits all that sessions can do` }
}
