/**
 * The cost page: what is measured now is what it says, every call has a price, and `small` is as cheap as it promises. The jobs of the year
 * after a session take minutes to measure: `npm run verify:all costs` measures them, and `npm test` everything else.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { small as smallPreset } from '../../infra/settings.ts'
import { testSandbox } from '../support/sandbox.ts'
import { costTables, idleCosts, PAGE, type Stacks, tablesInPage, totalOf } from './costs.ts'
import { type Deployed, deploy } from './deploy.ts'
import { meter } from './meter.ts'
import { root } from './platform.ts'
import { type Measured, measure, schedulesOf } from './usage.ts'

const LIFE = process.env.STINT_LIFE === '1'

let stacks: Stacks
let measured: Measured
beforeAll(async () => {
  stacks = { prod: await deploy('prod'), small: await deploy('small', smallPreset) }
  measured = await measure(stacks.prod, LIFE)
}, 900_000)

const alarmsOf = (stack: Deployed): readonly string[] =>
  stack.of('aws:cloudwatch/metricAlarm:MetricAlarm').map(({ inputs }) => (inputs.name as string).replace(/^stint-\w+?-/, ''))
/** The cells of the tables: words as they are, figures as numbers. */
const cellsOf = (tables: string) =>
  tables
    .split('\n')
    .map((line) =>
      line.split('|').map((cell) => (/^[\s*\d.]+$/.test(cell) && /\d/.test(cell) ? Number(cell.replaceAll('*', '')) : cell.trim())),
    )

test('the page has what is measured: otherwise run node test/infra/costs.ts write', () => {
  const [said, counted] = [cellsOf(tablesInPage(readFileSync(PAGE, 'utf8'))), cellsOf(costTables(stacks, measured))]
  const isMeasured = (cell: unknown) => LIFE || !/^\**NaN\**$/.test(String(cell))
  // Sizes of objects and batches differ a little from run to run.
  const close = (one: unknown, other: unknown) =>
    typeof one === 'number' && typeof other === 'number'
      ? Math.abs(one - other) <= Math.max(0.06, other * 0.05)
      : one === other || !isMeasured(one)
  const different = counted.flatMap((row, at) => (row.every((cell, column) => close(cell, said[at]?.[column])) ? [] : [[row, said[at]]]))
  expect([different, said.length]).toEqual([[], counted.length])
  // The idle month, what a call and its events use, and an approval.
  expect(counted.flat().filter((cell) => typeof cell === 'number' && isMeasured(cell)).length).toBeGreaterThan(100)
})

test('an idle month costs the same with 1, 100 and 10,000 profiles', () => {
  const used = measured.idle.map(({ runs }) =>
    runs.map(({ usage: { writeUnits, readUnits, s3Puts, s3Gets, kmsSignatures } }) => [
      writeUnits,
      readUnits,
      s3Puts,
      s3Gets,
      kmsSignatures,
    ]),
  )
  expect(measured.idle.map(({ profiles }) => profiles)).toEqual([1, 100, 10_000])
  for (const other of used.slice(1)) expect(other).toEqual(used[0])
})

test('every schedule of the stack is measured', () => {
  const names = schedulesOf(stacks.prod).map(({ name }) => name)
  expect(names.length).toBe(stacks.prod.of('aws:cloudwatch/eventRule:EventRule').length)
  for (const { runs } of measured.idle) expect(runs.map(({ schedule }) => schedule.name)).toEqual(names)
})

test('a call without a price is an error', async () => {
  const counter = meter()
  const sandbox = await testSandbox({ intercept: counter.intercept })
  counter.watch(sandbox)
  const { DynamoDBClient, ScanCommand } = await import('@aws-sdk/client-dynamodb')
  const { brokerKey } = await import('@stint/sandbox/aws/world')
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    endpoint: sandbox.urls.aws,
    credentials: brokerKey(sandbox.aws.world, 'ship'),
  })
  await expect(counter.of(() => client.send(new ScanCommand({ TableName: 'stint' })).catch(() => {}))).rejects.toThrow(
    'docs/costs.md has no price for dynamodb Scan',
  )
  await sandbox.close()
})

test('small costs at most 5 dollars a month when idle', () => {
  expect(totalOf(idleCosts(stacks.small, measured))).toBeLessThanOrEqual(5)
  expect(stacks.small.of('aws:cloudwatch/dashboard:Dashboard')).toEqual([])
  // Whatever encrypts and signs stays.
  expect(stacks.small.of('aws:kms/key:Key').length).toBe(stacks.prod.of('aws:kms/key:Key').length)
})

test('the guide says of each alarm that small leaves out what shows the fault then', () => {
  const guide = readFileSync(join(root, 'docs/guides/operations.md'), 'utf8')
  const section = guide.slice(guide.indexOf('### With the `small` preset'), guide.indexOf('## The kill switch'))
  const kept = new Set(alarmsOf(stacks.small))
  const leftOut = alarmsOf(stacks.prod).filter((name) => !kept.has(name))
  expect(leftOut.length).toBeGreaterThan(15)
  const isListed = (name: string) => section.includes(`\`${name}\``) || section.includes(`\`*${name.slice(name.indexOf('-'))}\``)
  expect(leftOut.filter((name) => !isListed(name))).toEqual([])
  expect([...kept].filter((name) => !guide.includes(`\`${name}\``))).toEqual([])
})

test('small counts the error lines of every function, and what alarms of their own count otherwise', () => {
  const filters = stacks.small.of('aws:cloudwatch/logMetricFilter:LogMetricFilter').map(({ inputs }) => inputs)
  const faults = filters.filter(({ metricTransformation }) => metricTransformation.name === 'Faults')
  const errorLines = faults.filter(({ pattern }) => pattern === '{ $.level = "error" }').map(({ logGroupName }) => logGroupName)
  const groups = stacks.small
    .of('aws:cloudwatch/logGroup:LogGroup')
    .flatMap(({ inputs }) => (/^\/stint\//.test(inputs.name) ? [inputs.name] : []))
  expect(errorLines.sort()).toEqual(groups.sort())
  expect(faults.length - errorLines.length).toBe(5)
})
