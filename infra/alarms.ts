/**
 * The alarms for on-call engineers: one for each way in which Stint can fail, and for each break-glass. docs/guides/operations.md
 * says what to do about each, by the alarm's name. A dashboard shows the same metrics. With `monitoring: 'small'`, a few alarms stand for
 * all, without a dashboard; the guide says which of them shows what.
 */

import { functionNames } from '@stint/broker/lambda/functions'
import { type CountedMetric, countedMetrics, ERROR_LINES, faultMetrics, type MetricName, namespaceOf } from '@stint/broker/lambda/metrics'
import { permissionsOf } from '@stint/broker/lambda/permissions'
import type { Gateway } from './api.ts'
import type { Functions } from './functions.ts'
import type { Settings } from './settings.ts'
import type { Tables } from './tables.ts'

type Parts = {
  readonly settings: Settings
  readonly fn: Functions
  readonly gateway: Gateway
  readonly table: Tables
  readonly key: aws.kms.Key
}
type Dimensions = { readonly [name: string]: $util.Input<string> }
type Metric = {
  readonly namespace: string
  readonly metricName: string
  readonly statistic: 'Sum' | 'Maximum'
  readonly dimensions?: Dimensions
}
type When = ({ readonly above: number } | { readonly below: number }) & { readonly minutes?: number; readonly times?: number }

export function alarms({ settings, fn, gateway, table, key }: Parts): $util.Output<string> {
  const topic = new aws.sns.Topic('Alarms', { name: `stint-${$app.stage}-alarms`, kmsMasterKeyId: key.arn })
  settings.alarmsTo.forEach((endpoint, index) => {
    new aws.sns.TopicSubscription(`Alarms${index}`, { topic: topic.arn, protocol: 'email', endpoint })
  })
  const namespace = namespaceOf($app.stage)
  const widgets: Widget[] = []

  const ringing = (name: string) => ({
    name: `stint-${$app.stage}-${name}`,
    alarmDescription: `docs/guides/operations.md, "${name}"`,
    alarmActions: [topic.arn],
    okActions: [topic.arn],
  })
  function alarm(name: string, metric: Metric, { minutes = 1, times = 1, ...limit }: When): void {
    const below = 'below' in limit
    new aws.cloudwatch.MetricAlarm(`${name}Alarm`, {
      ...ringing(name),
      ...metric,
      comparisonOperator: below ? 'LessThanThreshold' : 'GreaterThanThreshold',
      threshold: below ? limit.below : limit.above,
      period: minutes * 60,
      evaluationPeriods: times,
      // A missing metric is good for something that should not happen, and bad for something that should.
      treatMissingData: below ? 'breaching' : 'notBreaching',
    })
    widgets.push({ title: name, metrics: [metric] })
  }
  /** DynamoDB publishes these by table and operation, without a sum (Amazon DynamoDB Developer Guide, "Metrics"). */
  function alarmOfTable(name: string, metricName: string, of: keyof Tables): void {
    const metrics = operationsOn(of).map((Operation) => sum('AWS/DynamoDB', metricName, { TableName: table[of].name, Operation }))
    new aws.cloudwatch.MetricAlarm(`${name}Alarm`, {
      ...ringing(name),
      metricQueries: [
        { id: 'all', expression: 'SUM(METRICS())', label: name, returnData: true },
        ...metrics.map(({ statistic: stat, ...metric }, index) => ({ id: `m${index}`, metric: { ...metric, period: 300, stat } })),
      ],
      comparisonOperator: 'GreaterThanThreshold',
      threshold: 0,
      evaluationPeriods: 1,
      treatMissingData: 'notBreaching',
    })
    widgets.push({ title: name, metrics })
  }
  const own = (metricName: MetricName): Metric => most(namespace, metricName)
  const filter = (name: string, { of, pattern, value = '1' }: CountedMetric, metricName: string) =>
    new aws.cloudwatch.LogMetricFilter(`${name}Filter`, {
      name,
      logGroupName: fn.lines[of].name,
      pattern,
      metricTransformation: { name: metricName, namespace, value },
    })
  /** A metric that is counted from the log lines of a function. */
  const counted = (metricName: keyof typeof countedMetrics): Metric => {
    filter(metricName, countedMetrics[metricName], metricName)
    return most(namespace, metricName)
  }

  /** Without these functions, nothing expires in the log, what the stream lost stays lost, and the table grows. */
  function alarmsOfSchedules(): void {
    for (const name of ['sweep', 'compare', 'retire'] as const)
      alarm(`${name}-stopped`, sum('AWS/Lambda', 'Invocations', { FunctionName: fn[name].nodes.function.name }), {
        below: 1,
        minutes: name === 'sweep' ? 15 : 120,
      })
    for (const [name, queue] of Object.entries(fn.queues))
      alarm(`${name}-dead-letters`, most('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: queue.name }), { above: 0 })
  }
  const alarmOfEndpoints = () =>
    alarm('api-5xx', sum('AWS/ApiGateway', '5xx', { ApiId: gateway.gateway.nodes.api.id }), { above: 4, minutes: 5 })
  const alarmOfLag = () => alarm('ship-lag', own('LagMs'), { above: 60_000, minutes: 5 })

  if (settings.monitoring === 'small') {
    // Without a dimension, it is the sum of all functions in the region (AWS Lambda Developer Guide, "Viewing metrics for Lambda functions").
    alarm('errors', sum('AWS/Lambda', 'Errors'), { above: 0, minutes: 5 })
    for (const name of functionNames) if (fn.lines[name]) filter(`${name}Errors`, { of: name, pattern: ERROR_LINES }, 'Faults')
    for (const name of faultMetrics) filter(name, countedMetrics[name], 'Faults')
    alarm('faults', sum(namespace, 'Faults'), { above: 0, minutes: 5 })
    alarmsOfSchedules()
    alarmOfEndpoints()
    alarmOfLag()
    alarm('break-glass', counted('BreakGlassOpen'), { above: 0 })
    return topic.arn
  }

  // ── The functions ──────────────────────────────────────────────────────────────────────────────────────────────────
  for (const [name, { nodes }] of Object.entries(fn.all)) {
    const FunctionName = nodes.function.name
    alarm(`${name}-errors`, sum('AWS/Lambda', 'Errors', { FunctionName }), { above: 0, minutes: 5 })
    // Only one shipper runs at a time, and the stream has several shards. So throttles are expected, and its lag has an alarm of its own.
    if (name !== 'ship')
      alarm(`${name}-throttles`, sum('AWS/Lambda', 'Throttles', { FunctionName }), {
        above: 0,
        minutes: 5,
        times: name === 'sweep' ? 3 : 1,
      })
  }
  alarmsOfSchedules()

  // ── The endpoints and the ledger ───────────────────────────────────────────────────────────────────────────────────────
  alarmOfEndpoints()
  for (const name of ['story', 'side'] as const) {
    alarmOfTable(`${name}-throttled`, 'ThrottledRequests', name)
    alarmOfTable(`${name}-system-errors`, 'SystemErrors', name)
  }
  alarm('packed-size', counted('PackedSize'), { above: 79 })
  alarm('issuer-keys', counted('IssuerKeys'), { above: 0, minutes: 5 })
  alarm('sts-answers', counted('StsAnswers'), { above: 0 })
  alarm('assume-denied', counted('AssumeDenied'), { above: 0, minutes: 5 })

  // ── The log ────────────────────────────────────────────────────────────────────────────────────────────────────────
  alarmOfLag()
  alarm('ship-failed', { ...own('Failed'), statistic: 'Sum' }, { above: 0, minutes: 5, times: 3 })
  alarm('ship-quarantined', own('Quarantined'), { above: 0, minutes: 5 })
  alarm('stream-age', most('AWS/Lambda', 'IteratorAge', { FunctionName: fn.ship.nodes.function.name }), { above: 300_000, minutes: 5 })
  // Published by the job that runs `stint audit reconcile` (docs/guides/operations.md).
  alarm('reconcile-findings', own('ReconcileFindings'), { above: 0, minutes: 60 })

  // ── People ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  const open = counted('BreakGlassOpen')
  alarm('break-glass', open, { above: 0 })
  alarm('break-glass-unreviewed', open, { above: 0, minutes: 60, times: 24 })
  alarm('sweep-fault', counted('SweepFault'), { above: 0, minutes: 5, times: 2 })
  if (fn.notify) alarm('slack-dead-letters', counted('SlackDeadLetters'), { above: 0 })

  dashboard(widgets)
  return topic.arn
}

type Widget = { readonly title: string; readonly metrics: readonly Metric[] }

/** The number of widgets in a row. */
const WIDE = 4

function dashboard(all: readonly Widget[]): void {
  new aws.cloudwatch.Dashboard('Dashboard', {
    dashboardName: `stint-${$app.stage}`,
    dashboardBody: $resolve({ region: aws.getRegionOutput().region, all }).apply(({ region, all }) =>
      JSON.stringify({
        widgets: all.map(({ title, metrics }, index) => ({
          type: 'metric',
          ...{ x: (index % WIDE) * (24 / WIDE), y: Math.floor(index / WIDE) * 5, width: 24 / WIDE, height: 5 },
          properties: {
            ...{ title, region, period: 300, stat: metrics[0]?.statistic },
            metrics: metrics.map(({ namespace, metricName, dimensions = {} }) => [
              namespace,
              metricName,
              ...Object.entries(dimensions).flat(),
            ]),
          },
        })),
      }),
    ),
  })
}

const sum = (namespace: string, metricName: string, dimensions?: Dimensions): Metric => ({
  namespace,
  metricName,
  statistic: 'Sum',
  ...(dimensions ? { dimensions } : {}),
})
const most = (...metric: Parameters<typeof sum>): Metric => ({ ...sum(...metric), statistic: 'Maximum' })

/** The operations on a table, by the permissions of all functions. Reading the stream is an operation of its table. */
function operationsOn(table: keyof Tables): readonly string[] {
  const places = { region: '', tables: { story: 'story', side: 'side' }, buckets: { log: '', events: '' }, logKey: '' }
  const statements = functionNames.flatMap((name) => permissionsOf(name, places)).filter(({ Resource }) => Resource === table)
  const operations = statements.flatMap(({ Action = [] }) => Action).map((action) => action.slice('dynamodb:'.length))
  return [...new Set([...operations, ...(table === 'story' ? ['GetRecords'] : [])])]
}
