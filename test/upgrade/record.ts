/**
 * `npm run release:fixture -- VERSION`: builds the functions, plays the first part of the scenario with the code of this checkout, and keeps
 * both in `test/upgrade/VERSION`. Of the releases before, only the state is kept.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { functionNames } from '@stint/broker/lambda/functions'
import { packRules } from '@stint/core/config/rules'
import { buckets, tables } from '@stint/sandbox/aws/world'
import { startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { CONFIG, type Item, writeRelease } from './fixture.ts'
import { begin } from './scenario.ts'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))

const version = process.argv[2]
if (version === undefined) throw new Error('Name the version: npm run release:fixture -- 0.2.0')

let sandbox: TestSandbox | undefined
const lab = await startLab(() => sandbox?.now() ?? Date.now())
sandbox = await testSandbox({ config: CONFIG, bindings: lab.bindings, end: false })
const { aws, now, advance, slack, rules } = sandbox
let shipped = 0
const left = await begin(
  { lab, now, advance, slashStint: (text) => slack?.person('approver').command(text) ?? Promise.resolve() },
  {
    ...{ call: sandbox.call, sweep: sandbox.sweep, end: sandbox.endSessions },
    async ship() {
      await sandbox?.ship()
      shipped = aws.dynamo.records.length
    },
  },
)

async function itemsOf(table: string): Promise<readonly Item[]> {
  const { Items, LastEvaluatedKey } = await aws.dynamo.direct('Scan', { TableName: table, ConsistentRead: true })
  if (LastEvaluatedKey !== undefined) throw new Error(`${table} has more than one page of items`)
  return Items as readonly Item[]
}
const objectsOf = (name: string) =>
  Object.fromEntries([...(aws.world.buckets.get(name)?.objects ?? [])].map(([path, { body }]) => [path, body.toString('base64')]))

writeRelease(version, {
  config: packRules(rules),
  addresses: { sandbox: sandbox.urls.issuer, lab: lab.url },
  state: {
    ...{ at: now(), left },
    logKey: aws.world.kmsKeys[0]?.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    roles: Object.fromEntries(Object.values(rules.targets).map(({ roleArn }) => [roleArn, aws.world.roles.get(roleArn)?.id ?? ''])),
    tables: { story: await itemsOf(tables.story), side: await itemsOf(tables.side) },
    buckets: { log: objectsOf(buckets.log), events: objectsOf(buckets.events) },
    unshipped: aws.dynamo.records
      .slice(shipped)
      .filter(({ table }) => table === tables.story)
      .map(({ keys, newImage, oldImage }) => ({ keys, ...(newImage ? { newImage } : {}), ...(oldImage ? { oldImage } : {}) })) as never,
  },
  functions: Object.fromEntries(functionNames.flatMap(filesOf)),
})
await sandbox.close()
await lab.close()
process.stdout.write(`test/upgrade/${version}\n`)

/** All that is deployed of a function, but for its config. */
function filesOf(name: string): readonly (readonly [path: string, text: string])[] {
  return readdirSync(join(DIST, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'config.json')
    .map(({ parentPath, name: file }) => {
      const path = join(parentPath, file)
      return [path.slice(DIST.length + 1), readFileSync(path, 'utf8')]
    })
}
