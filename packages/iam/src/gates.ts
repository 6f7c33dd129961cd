/**
 * Why AssumeRole (or any call) is denied: which gate is closed, by which statement and condition, and what to change. The gates are
 * those of every AssumeRole: the role must trust the caller, the caller must have permission, and the conditions of both must hold.
 * Source: AWS IAM User Guide, "Troubleshoot IAM roles" and "Troubleshoot access denied error messages".
 */
import { type FailedCondition, failedConditions } from './condition.ts'
import { type Context, contextOf } from './context.ts'
import { type AccessRequest, covers, evaluate, includesPrincipal, type Layer } from './evaluate.ts'
import type { Policy, Statement } from './policy.ts'

export type ClosedGate = {
  readonly gate: 'trust-policy' | 'caller-permission' | 'condition'
  /** The kind of policy that closes it. For AssumeRole, `resource` is the role's trust policy. */
  readonly layer: Layer
  readonly denied: 'explicitly' | 'implicitly'
  /** The statement that denies, or that would allow if its conditions held: its Sid, or its number from 1. */
  readonly statement?: string
  readonly conditions: readonly FailedCondition[]
  readonly finding: string
  readonly fix: string
}

/** The closed gates in the order in which to open them: trust, permission, conditions. Empty if the call is allowed. */
export function closedGates(request: AccessRequest): readonly ClosedGate[] {
  const decision = evaluate(request)
  const context = contextOf(request.context)
  const gates = decision.blockedBy.map((layer) => gateOf(layer, decision.layers[layer] === 'explicit-deny', request, context))
  const order = ['trust-policy', 'caller-permission', 'condition']
  return gates.toSorted((left, right) => order.indexOf(left.gate) - order.indexOf(right.gate))
}

function gateOf(layer: Layer, explicit: boolean, request: AccessRequest, context: Context): ClosedGate {
  const statements = policiesOf(layer, request).flatMap(({ statements: list }) => [...list.entries()])
  const about = statements.filter(([, one]) => covers(one, request, context) && includesPrincipal(one, request.principal))
  const gate = layer === 'resource' ? 'trust-policy' : 'caller-permission'
  const name = nameOf(layer, request)
  if (explicit) {
    const deny = about.find(([, one]) => one.effect === 'Deny' && failedConditions(one, context).length === 0)
    const statement = deny && labelOf(deny)
    return {
      ...{ gate, layer, denied: 'explicitly', conditions: [] },
      ...(statement === undefined ? {} : { statement }),
      finding: `${statement === undefined ? 'A statement' : `Statement ${statement}`} of the ${name} denies ${request.action}.`,
      fix: `Remove or narrow that Deny. No Allow overrides it.`,
    }
  }
  // The Allow that comes closest: with its conditions met, it would open the gate.
  const close = about
    .filter(([, one]) => one.effect === 'Allow')
    .map((entry) => ({ entry, conditions: failedConditions(entry[1], context) }))
    .sort((left, right) => left.conditions.length - right.conditions.length)[0]
  if (close && close.conditions.length > 0) {
    const statement = labelOf(close.entry)
    return {
      ...{ gate: 'condition', layer, denied: 'implicitly', statement, conditions: close.conditions },
      finding: `Statement ${statement} of the ${name} allows ${request.action}, but not in this call: ${close.conditions.map(describe).join('; ')}.`,
      fix: close.conditions.map(fixOf).join(' '),
    }
  }
  return {
    ...{ gate, layer, denied: 'implicitly', conditions: [] },
    ...(layer === 'resource' ? untrusted(request, name) : unpermitted(layer, request, name)),
  }
}

function policiesOf(layer: Layer, request: AccessRequest): readonly Policy[] {
  switch (layer) {
    case 'identity':
      return request.identity
    case 'resource':
      return request.resourcePolicy ? [request.resourcePolicy] : []
    case 'boundary':
      return request.boundary ? [request.boundary] : []
    case 'session':
      return request.session ?? []
    case 'organization':
      return (request.organization ?? []).flat()
  }
}

const nameOf = (layer: Layer, { resourcePolicyDecides }: AccessRequest): string =>
  ({
    resource: resourcePolicyDecides ? 'trust policy of the role' : 'resource-based policy',
    identity: 'identity-based policies of the caller',
    boundary: 'permissions boundary of the caller',
    session: 'session policy of the caller',
    organization: 'service control policies of the account',
  })[layer]

const labelOf = ([index, { sid }]: readonly [number, Statement]): string => (sid === undefined ? String(index + 1) : `"${sid}"`)

const untrusted = ({ action, principal, resourcePolicy }: AccessRequest, name: string) => {
  const named = (resourcePolicy?.statements ?? []).some((one) => one.effect === 'Allow' && includesPrincipal(one, principal))
  const caller = principal.roleArn ?? principal.federated ?? principal.arn
  return named
    ? { finding: `The ${name} names ${caller}, but does not allow ${action}.`, fix: `Add ${action} to the Action of that statement.` }
    : {
        finding: `The ${name} does not name ${caller} or its account.`,
        fix: `Add ${caller} (or arn:aws:iam::${principal.account}:root) to the Principal of the ${name}. If the caller was deleted and created again, save the policy again: IAM stores its unique ID.`,
      }
}

const unpermitted = (layer: Layer, { action, resource, principal }: AccessRequest, name: string) => ({
  finding: `No statement of the ${name} allows ${action} on ${resource.arn}.`,
  fix:
    layer === 'identity'
      ? `Attach a policy to ${principal.roleArn ?? principal.arn} that allows ${action} on ${resource.arn}.`
      : `Allow ${action} on ${resource.arn} in the ${name}, too. It limits what other policies grant.`,
})

const describe = ({ operator, key, wanted, given }: FailedCondition): string =>
  `${operator} ${key} wants ${wanted.join(' or ')}, the call has ${given === undefined ? 'no value' : given.join(', ')}`

/** What to do about the conditions that people meet most. Keys are compared without regard to case. */
function fixOf({ key, wanted, given }: FailedCondition): string {
  switch (key.toLowerCase()) {
    case 'sts:externalid':
      return given === undefined
        ? `Pass the external ID: --external-id ${wanted[0]}.`
        : `Pass the external ID that the policy names: ${wanted.join(' or ')}.`
    case 'aws:sourceip':
      return `Call from an address in ${wanted.join(' or ')}, or add yours to the condition.`
    case 'aws:multifactorauthpresent':
    case 'aws:multifactorauthage':
      return 'Pass --serial-number and --token-code, or use credentials of get-session-token with MFA. A session of a role has no MFA.'
    case 'sts:rolesessionname':
      return `Use a --role-session-name that fits ${wanted.join(' or ')}.`
    case 'sts:sourceidentity':
      return `Set --source-identity to ${wanted.join(' or ')}.`
    default:
      return `Make ${key} fit ${wanted.join(' or ')}, or change the condition.`
  }
}

export type AccessDeniedMessage = {
  readonly principal: string
  readonly action: string
  readonly resource?: string
  /** Absent where AWS does not say which policy denied. */
  readonly layer?: Layer
  readonly denied?: 'explicitly' | 'implicitly'
}

/** AWS's AccessDenied message in its parts, or undefined if it is another message. */
export function parseAccessDenied(message: string): AccessDeniedMessage | undefined {
  const found = /User: (\S+) is not authorized to perform: (\S+)(?: on resource: "?((?:role |user |policy )?[^\s"]+)"?)?/.exec(message)
  if (!found) return undefined
  const [, principal = '', action = '', resource] = found
  const because =
    /(because no|with an explicit deny in (?:an?|the)) ([a-z -]+?) policy(?: allows|\b)|(because no|with an explicit deny in (?:an?|the)) (permissions boundary)/.exec(
      message,
    )
  const word = because?.[2] ?? because?.[4]
  const layer = word === undefined ? undefined : layerWords[word]
  return {
    principal,
    action,
    ...(resource === undefined ? {} : { resource }),
    ...(layer === undefined ? {} : { layer, denied: (because?.[1] ?? because?.[3])?.startsWith('because') ? 'implicitly' : 'explicitly' }),
  }
}

const layerWords: { readonly [word: string]: Layer | undefined } = {
  'identity-based': 'identity',
  'resource-based': 'resource',
  'role trust': 'resource',
  'permissions boundary': 'boundary',
  session: 'session',
  'service control': 'organization',
}
