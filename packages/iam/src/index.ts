export { arnMatches, assumedRole, splitArn } from './arn.ts'
export type { FailedCondition } from './condition.ts'
export { contains } from './containment.ts'
export { type Context, type ContextInput, contextOf } from './context.ts'
export { type AccessRequest, actionMatches, type Decision, evaluate, type Layer, type Principal } from './evaluate.ts'
export { type AccessDeniedMessage, type ClosedGate, closedGates, parseAccessDenied } from './gates.ts'
export { inCidr, isCidr, parseIp } from './ip.ts'
export {
  type ConditionValue,
  type Effect,
  type ParsedPolicy,
  type Policy,
  type PolicyJson,
  type PolicyKind,
  parsePolicy,
  policy,
  type Statement,
  type StatementJson,
} from './policy.ts'
export { compactPolicy, estimatedPackedPercent, MAX_SESSION_POLICY_CHARACTERS } from './size.ts'
