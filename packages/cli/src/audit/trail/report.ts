/** The report of a reconciliation, for an auditor. */
import { shownLine } from '../../output.ts'
import type { Reconciled } from './reconcile.ts'
import type { Activity } from './uses.ts'

export function reconciledText(reconciled: Reconciled): string {
  const { records, span, matched, dropped, erased, silent, deniedAttempts, activity, findings } = reconciled
  return [
    `  records    ${records.toLocaleString('en-US')}${span ? shownLine(`, ${span.first} to ${span.last}`) : ''}`,
    `  matched    ${matched} sessions; AWS created ${dropped} more that Stint never issued, according to the audit log`,
    ...(erased > 0 ? [`  erased     ${erased} sessions of requests whose events are erased`] : []),
    ...(silent.length > 0 ? [`  not judged ${shownLine(silent.join(', '), 2000)}: there are no records of these accounts`] : []),
    `  denied     ${deniedAttempts} attempts to assume Stint's roles or to change them`,
    '',
    ...(activity.length > 0 ? ['Activity:', ...byRequest(activity), ''] : []),
    ...verdict(reconciled),
    ...(findings.length > 0
      ? [`${findings.length} findings:`, ...findings.map(({ kind, at, what }) => `  ${shownLine(`${at} ${kind}: ${what}`, 1000)}`), '']
      : []),
  ].join('\n')
}

function verdict({ records, silent, findings }: Reconciled): readonly string[] {
  if (findings.length > 0) return []
  if (records === 0) return ['Not judged: there are no CloudTrail records in these folders.\n']
  if (silent.length > 0) return ['Not judged: some accounts with target roles have no records. Pass their CloudTrail files, too.\n']
  return ['CloudTrail and the audit log agree: no call bypassed Stint, and no session is missing.\n']
}

/** The sessions of a request one after the other. */
function byRequest(activity: readonly Activity[]): readonly string[] {
  const requests = Map.groupBy(activity, ({ request }) => request)
  return [...requests].flatMap(([request, sessions]) => [
    `  ${shownLine(request)}`,
    ...sessions.flatMap((one) => [
      `    ${shownLine(`${one.sessionName}${one.accessKeyId === undefined ? '' : ` (${one.accessKeyId})`}`)}${one.console ? ', in the console' : ''}`,
      `      ${services(one.services)}; ${one.reads} reads, ${one.writes} writes, ${one.denied} denied${one.regions.length > 0 ? shownLine(`; ${one.regions.join(', ')}`) : ''}`,
      `      ${shownLine(`${one.first} to ${one.last}`)}`,
      ...one.chained.map((role) => `      then assumed ${shownLine(role)}`),
    ]),
  ])
}

const services = (calls: Readonly<Record<string, number>>): string =>
  Object.entries(calls)
    .map(([name, times]) => `${shownLine(name, 80)} ${times}`)
    .join(', ')
