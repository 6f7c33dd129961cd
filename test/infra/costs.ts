/**
 * What Stint costs a month, as the table in docs/costs.md: the resources that `prod` deploys, what a session was seen to use
 * in the sandbox, and a price list. `node test/infra/costs.ts` prints it.
 */
import { indexes } from '@stint/broker/adapters/dynamodb/table'
import { FUNCTIONS } from '@stint/broker/lambda/functions'
import { testSandbox } from '../support/sandbox.ts'
import type { Deployed, Inputs } from './deploy.ts'

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
  logGb: 0.5,
  metricMonth: 0.3,
  alarmMonth: 0.1,
  dashboardMonth: 3,
} as const

const MONTH_MINUTES = 730 * 60
/** Milliseconds that a call is taken to be billed for: AWS's answers are most of it, and what they take there nobody measured here. */
const BILLED_MS = { vend: 100, api: 100, ship: 300, notify: 20, sweep: 500 } as const

export type Use = {
  readonly writes: number
  readonly reads: number
  readonly tableBytes: number
  readonly puts: number
  readonly gets: number
  readonly signs: number
  readonly lineBytes: number
  readonly logBytes: number
}

/** What one session uses, from the reserve to its place in the log, each shipped by itself: a busy log ships many at once. */
export async function useOfASession(sessions = 20): Promise<Use> {
  const sandbox = await testSandbox()
  try {
    await sandbox.ship()
    const { dynamo, server, world } = sandbox.aws
    const token = await sandbox.token('developer')
    const [records, calls, lines] = [dynamo.records.length, server.calls.length, sandbox.log.length]
    const stored = () =>
      [...world.buckets.values()]
        .filter(({ name }) => /^stint-/.test(name))
        .reduce((sum, { objects }) => sum + [...objects.values()].reduce((all, { body }) => all + body.length, 0), 0)
    const before = stored()
    for (let done = 0; done < sessions; done++) {
      const { status } = await sandbox.vend(token, { profile: 'staging-power' })
      if (status !== 201) throw new Error(`a vend answered ${status}`)
      await sandbox.ship()
    }
    const changes = dynamo.records.slice(records)
    const asked = server.calls.slice(calls)
    const count = (service: string, ...actions: string[]) =>
      asked.filter((call) => call.service === service && actions.includes(call.action)).length
    const sizeOf = (image: object | undefined) => Buffer.byteLength(JSON.stringify(image ?? {}))
    const units = (bytes: number) => Math.max(1, Math.ceil(bytes / 1024))
    // An index entry is written where its keys changed.
    const indexWrites = changes.reduce((sum, { table, oldImage, newImage }) => {
      if (table !== 'stint') return sum
      const keys = Object.values(indexes).map(({ hash, range }) =>
        [oldImage, newImage].map((image) => (image?.[hash] ? JSON.stringify([image[hash], image[range]]) : '')),
      )
      return sum + keys.reduce((all, [old = '', now = '']) => all + (old === now ? 0 : (old === '' ? 0 : 1) + (now === '' ? 0 : 1)), 0)
    }, 0)
    const writes =
      changes.reduce((sum, { oldImage, newImage }) => sum + units(Math.max(sizeOf(oldImage), sizeOf(newImage))), 0) + indexWrites
    // A batch of five freezes that are not there costs five reads; whatever else is read is small.
    const reads = count('dynamodb', 'GetItem') + 5 * count('dynamodb', 'BatchGetItem') + count('dynamodb', 'Query')
    return {
      writes: writes / sessions,
      reads: reads / sessions,
      tableBytes:
        changes.filter(({ eventName }) => eventName === 'INSERT').reduce((sum, { newImage }) => sum + sizeOf(newImage), 0) / sessions,
      puts: count('s3', 'PUT') / sessions,
      gets: count('s3', 'GET') / sessions,
      signs: count('kms', 'Sign') / sessions,
      lineBytes: Buffer.byteLength(JSON.stringify(sandbox.log.slice(lines))) / sessions,
      logBytes: (stored() - before) / sessions,
    }
  } finally {
    await sandbox.close()
  }
}

type Row = readonly [what: string, idle: number, million: number]

export function costsOf(prod: Deployed, use: Use): readonly Row[] {
  const million = 1_000_000
  const gbSeconds = (name: keyof typeof BILLED_MS, calls: number) => (calls * BILLED_MS[name] * FUNCTIONS[name].megabytes) / 1024 / 1000
  const lambda = (name: keyof typeof BILLED_MS, calls: number) =>
    calls * PRICE.lambdaRequest + gbSeconds(name, calls) * PRICE.lambdaGbSecondArm
  const gb = (bytes: number) => bytes / 1024 ** 3
  // One over several metrics is billed for each of them.
  const metricsOf = ({ inputs }: { readonly inputs: Inputs }): number =>
    inputs.metricQueries?.filter(({ metric }: Inputs) => metric !== undefined).length ?? 1
  const alarms = prod.of('aws:cloudwatch/metricAlarm:MetricAlarm').reduce((sum, alarm) => sum + metricsOf(alarm), 0)
  const filters = prod.of('aws:cloudwatch/logMetricFilter:LogMetricFilter').length
  const embedded = 4
  const keys = prod.of('aws:kms/key:Key').length
  const profiles = 1
  // The sweeper asks three indexes a profile that needs approval, and four shards of open reservations, once a minute.
  const sweepReads = (3 * profiles + 4 + 5) * MONTH_MINUTES
  return [
    ['KMS: keys', keys * PRICE.kmsKeyMonth, keys * PRICE.kmsKeyMonth],
    [
      'CloudWatch: alarms, metrics, dashboard',
      ...twice(alarms * PRICE.alarmMonth + (filters + embedded) * PRICE.metricMonth + PRICE.dashboardMonth),
    ],
    ['Lambda: schedules', ...twice(lambda('sweep', MONTH_MINUTES) + lambda('notify', MONTH_MINUTES) + lambda('ship', 730))],
    ['DynamoDB: schedules', ...twice(sweepReads * PRICE.dynamoReadUnit)],
    ['API Gateway', 0, million * PRICE.httpApiRequest],
    ['Lambda: vend', 0, lambda('vend', million)],
    ['Lambda: ship, notify', 0, lambda('ship', million) + lambda('notify', million)],
    ['DynamoDB: writes', 0, million * use.writes * PRICE.dynamoWriteUnit],
    ['DynamoDB: reads', 0, million * use.reads * PRICE.dynamoReadUnit],
    ['DynamoDB: storage and backup', 0, gb(million * use.tableBytes) * (PRICE.dynamoGbMonth + PRICE.dynamoBackupGbMonth)],
    ['S3: the log', 0, million * (use.puts * PRICE.s3Put + use.gets * PRICE.s3Get) + gb(million * use.logBytes) * PRICE.s3GbMonth],
    ['KMS: signatures', 0, million * use.signs * PRICE.kmsAsymmetric],
    ['CloudWatch: lines', 0, gb(million * use.lineBytes) * PRICE.logGb],
  ]
}
const twice = (dollars: number): [number, number] => [dollars, dollars]

export function costTable(rows: readonly Row[]): string {
  const dollars = (value: number) => (value === 0 ? '' : value.toFixed(2))
  const total = (column: 1 | 2) => rows.reduce((sum, row) => sum + row[column], 0)
  return [
    '| | idle | 1 M sessions |',
    '| --- | ---: | ---: |',
    ...rows.map(([what, idle, million]) => `| ${what} | ${dollars(idle)} | ${dollars(million)} |`),
    `| **a month, US dollars** | **${dollars(total(1))}** | **${dollars(total(2))}** |`,
  ].join('\n')
}

if (import.meta.main) {
  const { deploy } = await import('./deploy.ts')
  const [prod, use] = [await deploy('prod'), await useOfASession()]
  process.stdout.write(`${JSON.stringify(use)}\n\n${costTable(costsOf(prod, use))}\n`)
  process.exit(0)
}
