export { actionMatches } from './action.ts'
export { arnMatches, assumedRole, splitArn } from './arn.ts'
export type { FailedCondition } from './condition.ts'
export { contains } from './containment.ts'
export { type Context, type ContextInput, contextOf } from './context.ts'
export { type AccessRequest, type Decision, evaluate, type Layer, type Principal } from './evaluate.ts'
export { type AccessDeniedMessage, type ClosedGate, closedGates, parseAccessDenied } from './gates.ts'
export { inCidr, isCidr, parseIp } from './ip.ts'
export { parsePolicy, parseSessionPolicy, policy } from './parse.ts'
export type {
  ConditionValue,
  Effect,
  ParsedPolicy,
  Policy,
  PolicyJson,
  PolicyKind,
  Statement,
  StatementJson,
} from './policy.ts'
export { compactPolicy, estimatedPackedPercent, MAX_SESSION_POLICY_CHARACTERS } from './size.ts'
