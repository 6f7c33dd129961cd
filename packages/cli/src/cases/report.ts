/** The report of access tests, for an engineer who has just changed the config. */
import { jsonLine, shownLine } from '../output.ts'
import type { CaseResult, CasesResult } from './run.ts'

export function casesText({ results, untested }: CasesResult, verbose: boolean): string {
  const failed = results.filter(({ passed }) => !passed)
  const lines = (verbose ? results : failed).map((result) => (result.passed ? passedLine(result) : failure(result)))
  const sum =
    failed.length === 0
      ? `${results.length} ${results.length === 1 ? 'case' : 'cases'} passed.`
      : `${failed.length} of ${results.length} cases failed.`
  const gap = untested.length === 0 ? '' : `Profiles without a case: ${shownLine(untested.join(', '), 2000)}.\n`
  return `${lines.join('')}${lines.length > 0 ? '\n' : ''}${sum}\n${gap}`
}

const passedLine = ({ caller, profile, got }: CaseResult): string => `✓ ${shownLine(`${caller} → ${profile}: ${got.outcome}`)}\n`

function failure({ caller, profile, expected, got, obstacles }: CaseResult): string {
  const nearest = obstacles.slice(0, 2).map(({ rule, misses }) => {
    const widest = Math.max(...misses.map(({ claim }) => claim.length))
    const rows = misses.map(({ claim, is, wanted }) => `      ${claim.padEnd(widest)}  is ${said(is)}, expected ${said(wanted)}\n`)
    return `    ${rule} does not match:\n${rows.join('')}`
  })
  return `✗ ${shownLine(`${caller} → ${profile}`)}\n    - expected  ${expected}\n    + got       ${got.outcome}${got.why ? ` (${got.why})` : ''}\n${nearest.join('')}`
}

const said = (value: unknown): string => (value === undefined ? 'missing' : shownLine(JSON.stringify(value)))

export const casesJson = (result: CasesResult): string => jsonLine(result, 2)
