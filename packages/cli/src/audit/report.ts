/** The report of a verification, for an auditor who may have to act on it. */
import { shownLine } from '../output.ts'
import type { Fault, FaultClass } from './verify/findings.ts'
import type { VerifyReport } from './verify/verify.ts'

/** The exit code and the next step for each class of fault, the most severe first. */
export const classes: { readonly [name in FaultClass]: { readonly exit: number; readonly says: string; readonly next: string } } = {
  tampered: {
    exit: 1,
    says: 'The log was changed after it was written, or this is a different log.',
    next: 'Keep this copy and the stored checkpoint. Compare them with a witness’s checkpoint and with the locked versions in the bucket.',
  },
  rules: {
    exit: 6,
    says: 'The log is intact, but an event in it breaks a rule.',
    next: 'Investigate the named request: who could write to the table, and which code wrote this event.',
  },
  table: {
    exit: 7,
    says: 'The table and the log differ.',
    next: 'Trust the log, which cannot be changed unnoticed. Check who wrote to the table, and whether the shipper is behind.',
  },
  unreadable: {
    exit: 5,
    says: 'There is no log to verify.',
    next: 'Check the path or URL, and whether the copy is complete.',
  },
}
const order = Object.keys(classes) as FaultClass[]

export const gravest = (faults: readonly Fault[]): FaultClass | undefined =>
  order.find((name) => faults.some((fault) => fault.class === name))

/** The longest line of the report, in characters. It can have the names of many witnesses, or content of a broken log. */
const LONGEST_LINE = 2000

const number = (value: number) => value.toLocaleString('en-US')
const plural = (count: number, one: string, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`

export function reportText(report: VerifyReport): string {
  const { counts, faults, faultCount, table, notices } = report
  const count = (type: keyof typeof counts) => counts[type] ?? 0
  const closed = count('session.issued') + count('session.failed') + count('session.abandoned') + report.endedBeforeIssued
  const open = count('session.reserved') - closed
  const [renewed, ended] = [count('session.renewed'), count('session.ended')]
  const lines: (readonly [string, string])[] = [
    ['entries', `${number(report.size)}${report.span ? `, ${report.span.first} to ${report.span.last}` : ''}`],
    ['root', Buffer.from(report.root).toString('base64')],
    ['signed by', [report.vkey, ...report.witnesses.map((name) => `witness ${name}`)].join(', ')],
    ['before', report.since === undefined ? 'not verified here before' : `continues the ${number(report.since)} entries verified before`],
    [
      'requests',
      `${plural(report.journals, 'journal')}: ${number(count('request.created'))} granted by rule, ${number(count('request.asked'))} sent to approvers, ${number(count('request.refused'))} refused`,
    ],
    [
      'people',
      `${number(count('request.approved'))} approved, ${number(count('request.denied'))} denied, ${number(count('request.revoked'))} revoked`,
    ],
    [
      'sessions',
      `${number(count('session.issued'))} issued, ${number(count('session.failed'))} failed, ${number(count('session.abandoned'))} abandoned, ${number(open)} open${renewed + ended === 0 ? '' : `; renewed ${plural(renewed, 'time')}, ${number(ended)} ended`}`,
    ],
    ...(report.erased > 0 ? [['erased', plural(report.erased, 'event')] as const] : []),
    ...(table
      ? [['table', `${plural(table.journals, 'journal')} compared, ${plural(table.unshipped, 'event')} not in the log yet`] as const]
      : []),
  ]
  const head =
    report.origin === ''
      ? []
      : [`${shownLine(report.origin)}\n`, ...lines.map(([name, value]) => `  ${name.padEnd(10)} ${shownLine(value, LONGEST_LINE)}`), '']
  const details = [
    ...(report.keyUntrusted
      ? ['The key was taken from the log itself. Compare it with the one that your operators published, and pass it as --vkey.']
      : []),
    ...notices,
  ].map((notice) => `  note: ${shownLine(notice, LONGEST_LINE)}`)
  return [...head, ...details, ...(details.length > 0 ? [''] : []), ...verdict(report, faults, faultCount)].join('\n')
}

function verdict(report: VerifyReport, faults: readonly Fault[], count: number): readonly string[] {
  const worst = gravest(faults)
  if (!worst) {
    return report.judgedEvents
      ? ['Nothing is missing or altered. Each credential was issued after its intent, and after approval where its profile needs one.\n']
      : ['Nothing is missing or altered. The content of the events was not checked, because this source does not provide them.\n']
  }
  return [
    `${plural(count, 'fault')}:`,
    ...faults.map(({ place, what }) => `  ${shownLine(`${place}: ${what}`, LONGEST_LINE)}`),
    ...(count > faults.length ? [`  … and ${number(count - faults.length)} more`] : []),
    '',
    classes[worst].says,
    `${classes[worst].next}\n`,
  ]
}
