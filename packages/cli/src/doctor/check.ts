/** One check of `stint doctor`, and how checks are shown. */
import { tableText } from '../frame/words.ts'

export type State = 'ok' | 'warning' | 'failed' | 'skipped'
/** The gates of AssumeRole, as `assume-role-denied` names them. */
export type Gate = 'trust-policy' | 'caller-permission' | 'condition'
export type Check = {
  /** A stable name, for monitoring. */
  readonly check: string
  readonly state: State
  readonly says: string
  /** What to do: a command or a statement, if there is one. */
  readonly fix?: string
  readonly gate?: Gate
}

export const hasFailed = (checks: readonly Check[]): boolean => checks.some(({ state }) => state === 'failed')

export const hasSkipped = (checks: readonly Check[]): boolean => checks.some(({ state }) => state === 'skipped')

/** A table, and below it what to do about everything that is not ok. */
export function checksText(checks: readonly Check[]): string {
  const table = tableText(
    ['check', 'state', 'result'],
    checks.map(({ check, state, says, gate }) => [check, state, gate === undefined ? says : `${says} (gate: ${gate})`]),
  )
  const fixes = checks.filter(({ state, fix }) => state !== 'ok' && fix !== undefined)
  return `${table}${fixes.length === 0 ? '' : '\n'}${fixes.map(({ check, fix }) => `${check}: ${fix}\n`).join('')}`
}
