/**
 * What Stint costs a month, as the tables in docs/costs.md: the resources that infra really makes, what was measured in the sandbox
 * (usage.ts), and a price list. `node test/infra/costs.ts` prints the tables, and with `write` puts them into the page. With
 * `renewals`, it measures and prints only the rows of renewals.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Deployed, Inputs } from './deploy.ts'
import { nothing, plus, times, type Usage } from './meter.ts'
import { root } from './platform.ts'
import { type Measured, measure, RENEWALS, renewalOf, type Schedule } from './usage.ts'

/** US dollars, us-east-1, on demand, without free tiers. */
const PRICE = {
  lambdaRequest: 0.2e-6,
  lambdaGbSecondArm: 0.0000133334,
  httpApiRequest: 1e-6,
  dynamoWriteUnit: 0.625e-6,
  dynamoReadUnit: 0.125e-6,
  dynamoGbMonth: 0.25,
  dynamoBackupGbMonth: 0.2,
  s3Put: 5e-6,
  s3Get: 0.4e-6,
  s3GbMonth: 0.023,
  kmsKeyMonth: 1,
  kmsSymmetric: 3e-6,
  kmsAsymmetric: 15e-6,
  sqsRequest: 0.4e-6,
  streamRead: 0.2e-6,
  logGb: 0.5,
  metricMonth: 0.3,
  alarmMonth: 0.1,
  dashboardMonth: 3,
} as const

const MONTH_MINUTES = 730 * 60
const MILLION = 1_000_000
const gb = (bytes: number) => bytes / 1024 ** 3

type Costs = { readonly [row: string]: number }
const added = (...all: readonly Costs[]): Costs => {
  const sum: Record<string, number> = {}
  for (const costs of all) for (const [row, dollars] of Object.entries(costs)) sum[row] = (sum[row] ?? 0) + dollars
  return sum
}
export const totalOf = (costs: Costs): number => Object.values(costs).reduce((sum, dollars) => sum + dollars, 0)

/** What AWS bills for being used. */
const usageCosts = (usage: Usage): Costs => ({
  'API Gateway': usage.httpRequests * PRICE.httpApiRequest,
  Lambda: usage.invocations * PRICE.lambdaRequest + usage.gbSeconds * PRICE.lambdaGbSecondArm,
  'DynamoDB: writes': usage.writeUnits * PRICE.dynamoWriteUnit,
  'DynamoDB: reads': usage.readUnits * PRICE.dynamoReadUnit,
  'S3: requests': usage.s3Puts * PRICE.s3Put + usage.s3Gets * PRICE.s3Get,
  'KMS: signatures': usage.kmsSignatures * PRICE.kmsAsymmetric,
  'SQS, stream: dead letters': usage.sqsRequests * PRICE.sqsRequest + usage.streamReads * PRICE.streamRead,
  'CloudWatch: log lines': gb(usage.lineBytes) * PRICE.logGb,
})

/** An alarm over several metrics is billed for each of them. */
const alarmMetrics = ({ inputs }: { readonly inputs: Inputs }): number =>
  inputs.metricQueries?.filter(({ metric }: Inputs) => metric !== undefined).length ?? 1

/** What AWS bills for being there. A custom metric is billed only for hours in which it has values, so not here. */
const standingCosts = (stack: Deployed): Costs => ({
  'KMS: keys': stack.of('aws:kms/key:Key').length * PRICE.kmsKeyMonth,
  'CloudWatch: alarms':
    stack.of('aws:cloudwatch/metricAlarm:MetricAlarm').reduce((sum, alarm) => sum + alarmMetrics(alarm), 0) * PRICE.alarmMonth,
  'CloudWatch: dashboard': stack.of('aws:cloudwatch/dashboard:Dashboard').length * PRICE.dashboardMonth,
})

const runsAMonth = ({ minutes }: Schedule): number => MONTH_MINUTES / minutes

type IdleRuns = Measured['idle'][number]['runs']
const scheduleCosts = (runs: IdleRuns): Costs =>
  added(
    usageCosts(runs.map(({ schedule, usage }) => times(usage, runsAMonth(schedule))).reduce(plus, nothing)),
    // DynamoDB asks KMS for a table's key for each principal, and keeps it for five minutes (Amazon DynamoDB Developer Guide, "DynamoDB
    // encryption at rest: usage notes"). Each function that runs on a schedule uses both tables.
    {
      'KMS: table keys':
        runs.reduce((sum, { schedule }) => sum + 2 * Math.min(runsAMonth(schedule), MONTH_MINUTES / 5), 0) * PRICE.kmsSymmetric,
    },
  )

export const idleCosts = (stack: Deployed, { idle }: Pick<Measured, 'idle'>): Costs =>
  added(standingCosts(stack), scheduleCosts(idle[0]?.runs ?? []))

/** A million sessions, in addition to an idle month. `LagMs` is the one metric that has values while all is well. */
export const millionCosts = ({ vend, shipped, later, stored }: Measured, how: keyof Measured['shipped']): Costs =>
  added(usageCosts(times(plus(plus(vend, shipped[how]), later), MILLION)), {
    'DynamoDB: storage and backups': gb(MILLION * stored.tables) * (PRICE.dynamoGbMonth + PRICE.dynamoBackupGbMonth),
    'S3: storage': gb(MILLION * stored.log) * PRICE.s3GbMonth,
    'CloudWatch: metrics': PRICE.metricMonth,
  })

// ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const dollars = (value: number) => (value === 0 ? '' : value.toFixed(2))
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, ['---', ...head.slice(1).map(() => '---:')], ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

export type Stacks = { readonly prod: Deployed; readonly small: Deployed }

export function costTables({ prod, small }: Stacks, measured: Measured): string {
  const columns = [
    idleCosts(small, measured),
    idleCosts(prod, measured),
    millionCosts(measured, 'alone'),
    millionCosts(measured, 'atVolume'),
  ]
  const names = Object.keys(added(...columns))
  const monthly = table(
    ['US dollars a month', 'idle, `small`', 'idle', '1 M sessions, alone', '1 M sessions, at volume'],
    [
      ...names.map((name) => [name, ...columns.map((costs) => dollars(costs[name] ?? 0))]),
      ['**total**', ...columns.map((costs) => `**${dollars(totalOf(costs))}**`)],
    ],
  )
  const runs = table(
    [
      'idle, US dollars a month',
      ...measured.idle.map(({ profiles }) => `${profiles.toLocaleString('en')} profile${profiles === 1 ? '' : 's'}`),
    ],
    [
      ...(measured.idle[0]?.runs ?? []).map(({ schedule }, index) => [
        `\`${schedule.fn}\`, ${everyText(schedule)}: ${schedule.name}`,
        ...measured.idle.map(({ runs }) => dollars(totalOf(scheduleCosts(runs.slice(index, index + 1))))),
      ]),
      ['**total**', ...measured.idle.map(({ runs }) => `**${dollars(totalOf(scheduleCosts(runs)))}**`)],
    ],
  )
  const { vend, shipped, later, approval, renewal } = measured
  const calls = usedTable([
    ['session: the call', vend],
    ['session: its events, alone', shipped.alone],
    ['session: its events, at volume', shipped.atVolume],
    ['session: the jobs until it is deleted', later],
    ['renewal: the call', renewal.call],
    ['renewal: its events, alone', renewal.shipped],
    ['break-glass with approval and review, all of it', approval],
    ...(measured.idle[0]?.runs ?? []).map(({ schedule, usage }) => [`idle run of ${schedule.name}`, usage] as const),
  ])
  return [monthly, runs, calls, longTable(measured)].join('\n\n')
}

/** A thousand times eight hours of access, as one session that is renewed and as one-hour sessions. Jobs are those of any session. */
function longTable({ vend, shipped, later, renewal }: Measured): string {
  const session = plus(plus(vend, shipped.alone), later)
  const renewed = plus(session, times(plus(renewal.call, renewal.shipped), RENEWALS))
  return usedTable(
    [
      [`a session of 8 h with \`renew: '30m'\`: ${RENEWALS} renewals`, renewed],
      ['eight sessions of 1 h', times(session, 8)],
    ],
    '8 h of access',
  )
}

function usedTable(rows: readonly (readonly [string, Usage])[], each = 'each'): string {
  const used = (what: string, usage: Usage) => [
    what,
    ...[usage.writeUnits, usage.readUnits, usage.s3Puts, usage.s3Gets, usage.kmsSignatures, usage.invocations].map((count) =>
      String(Number(count.toFixed(2))),
    ),
    (totalOf(usageCosts(usage)) * 1000).toFixed(3),
  ]
  return table(
    [each, 'write units', 'read units', 'S3 PUT, LIST', 'S3 GET', 'signatures', 'invocations', 'dollars per 1,000'],
    rows.map(([what, usage]) => used(what, usage)),
  )
}

const everyText = ({ minutes }: Schedule): string =>
  minutes === 1 ? 'every minute' : minutes === 60 ? 'every hour' : minutes === 1440 ? 'every day' : `every ${minutes} minutes`

export const PAGE = join(root, 'docs/costs.md')
const [BEGIN, END] = ['<!-- measured -->', '<!-- /measured -->']
/** The tables as the page has them. */
export const tablesInPage = (page: string): string => page.slice(page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)).trim()
const withTables = (page: string, tables: string): string =>
  `${page.slice(0, page.indexOf(BEGIN))}${BEGIN}\n\n${tables}\n\n${page.slice(page.indexOf(END))}`

if (import.meta.main) {
  const { deploy } = await import('./deploy.ts')
  const { small } = await import('../../infra/settings.ts')
  const stacks = { prod: await deploy('prod'), small: await deploy('small', small) }
  if (process.argv[2] === 'renewals') {
    const { call, shipped } = await renewalOf(stacks.prod)
    const rows = [
      ['renewal: the call', call],
      ['renewal: its events, alone', shipped],
    ] as const
    process.stdout.write(`${usedTable(rows)}\n`)
    process.exit(0)
  }
  const measured = await measure(stacks.prod, true)
  const tables = costTables(stacks, measured)
  process.stdout.write(`${tables}\n`)
  if (process.argv[2] === 'write') writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8'), tables))
  process.exit(0)
}
