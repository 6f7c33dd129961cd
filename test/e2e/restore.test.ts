/**
 * The night the table is lost, rehearsed: it comes back from a backup of an hour ago, forgetting a revoke, a freeze and a
 * session. What must hold: nothing vends until somebody has looked; the log says what was forgotten; it is given back; and
 * what was asked for before never vends again.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildFunction } from '@stint/broker/build/build'
import { packRules } from '@stint/core/config/rules'
import { addUser, brokerKey } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyBuckets, type Ran, stint } from '../support/cli.ts'
import { gatewayEvent, type Lambda, type Result, startLambda } from '../support/lambda.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let folder: string
let env: Record<string, string>
const running: Lambda[] = []
let approved = ''
let epoch = 0

type Item = Record<string, Record<string, unknown>>
const items = async () =>
  ((await sandbox.aws.dynamo.direct('Scan', { TableName: 'stint', ConsistentRead: true })) as { Items: Item[] }).Items

beforeAll(async () => {
  sandbox = await testSandbox()
  folder = mkdtempSync(join(tmpdir(), 'stint-restore-'))
  const key = addUser(sandbox.aws.world, 'arn:aws:iam::123456789012:user/operator', [
    { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' } },
  ])
  env = {
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: sandbox.urls.aws,
    AWS_REGION: 'eu-central-1',
    XDG_STATE_HOME: join(folder, 'state'),
  }
})
afterAll(async () => {
  for (const lambda of running) lambda.close()
  await sandbox.close()
  rmSync(folder, { recursive: true })
})

async function post(path: string, who: string, body: object): Promise<{ status: number; json: Record<string, string> }> {
  const answer = await fetch(`${sandbox.urls.broker}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await sandbox.token(who)}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: answer.status, json: (await answer.json()) as Record<string, string> }
}
async function audit(...args: readonly string[]): Promise<Ran> {
  copyBuckets(sandbox.aws.world, ['stint-log', 'stint-events'], join(folder, 'log'))
  return stint(['audit', args[0] ?? '', '--from', join(folder, 'log'), ...args.slice(1)], env)
}

/** `vend` as it is deployed after a restore. */
async function deployed(more: Record<string, string>): Promise<(who: string, body: object) => Promise<[number, string]>> {
  const at = mkdtempSync(join(folder, 'vend-'))
  const { file } = await buildFunction('vend', at)
  writeFileSync(join(at, 'vend', 'config.json'), packRules(sandbox.rules))
  const key = brokerKey(sandbox.aws.world, 'vend')
  const lambda = await startLambda(file, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_SESSION_TOKEN: key.sessionToken,
    AWS_ENDPOINT_URL_STS: sandbox.urls.aws,
    AWS_ENDPOINT_URL_DYNAMODB: sandbox.urls.aws,
    STINT_TABLE: 'stint',
    STINT_SIDE_TABLE: 'stint-side',
    STINT_BUILD: 'restored',
    STINT_EPOCH: String(epoch),
    ...more,
  })
  running.push(lambda)
  return async (who, body) => {
    const headers = ['content-type', 'application/json', 'authorization', `Bearer ${await sandbox.token(who)}`]
    const answer: Result = await lambda.invoke(gatewayEvent({ method: 'POST', path: '/sessions', headers, body: JSON.stringify(body) }))
    return [answer.statusCode, JSON.parse(answer.body).code ?? '']
  }
}
const logsRead = { profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' } }
const night = () => ({ profile: 'break-glass', requestId: approved, justification: 'INC-1' })

test('an hour after the backup: a revoke, a freeze, a session', async () => {
  await sandbox.sweep()
  await sandbox.vend(await sandbox.token('developer'), { profile: 'staging-power' })
  approved = (await post('/sessions', 'oncall', { profile: 'break-glass', justification: 'INC-1' })).json.requestId ?? ''
  expect((await post(`/requests/${approved}/approve`, 'approver', {})).status).toBe(200)
  const backup = await items()

  expect((await post(`/requests/${approved}/revoke`, 'approver', {})).status).toBe(200)
  expect(
    (await post('/freezes', 'oncall', { scope: { kind: 'profile', id: 'staging-power' }, why: 'a key was seen elsewhere' })).status,
  ).toBe(201)
  // A shorter one beside it is on the trail, and shortens nothing.
  const shorter = { scope: { kind: 'profile', id: 'staging-power' }, why: 'again', until: new Date(sandbox.now() + 300_000).toISOString() }
  expect((await post('/freezes', 'oncall', shorter)).status).toBe(201)
  expect((await sandbox.vend(await sandbox.token('developer'), logsRead)).status).toBe(201)
  await sandbox.ship()
  expect((await audit('verify', '--table', 'stint')).code).toBe(0)

  // The table is lost, and comes back as it was.
  for (const { pk } of await items()) await sandbox.aws.dynamo.direct('DeleteItem', { TableName: 'stint', Key: { pk } })
  for (const item of backup) await sandbox.aws.dynamo.direct('PutItem', { TableName: 'stint', Item: item })
  epoch = sandbox.now()
})

test('it starts frozen: nobody is let in, whatever the table says', async () => {
  const vend = await deployed({ STINT_FROZEN: 'The table was restored, and is not verified yet.' })
  expect(await vend('developer', logsRead)).toEqual([403, 'frozen'])
  expect(await vend('oncall', night())).toEqual([403, 'frozen'])
})

test('what was approved before never vends again, even if the table has forgotten that it was revoked', async () => {
  const vend = await deployed({})
  expect(await vend('oncall', night())).toEqual([409, 'request-ended'])
})

test('the log says what the table forgot', async () => {
  const { code, stdout } = await audit('verify', '--table', 'stint')
  expect([code, stdout]).toEqual([7, expect.stringContaining(approved)])
  const listed = await audit('restore', '--table', 'stint')
  expect(listed.code).toBe(0)
  expect(listed.stdout).toMatch(new RegExp(`^${approved}  request, over$`, 'm'))
  expect(listed.stdout).toMatch(/^frz_\w+ {2}freeze of profile#staging-power, in force$/m)
  expect(listed.stdout).toMatch(/3 items of the log that the table lost/)
  // Listing changes nothing.
  expect((await audit('verify', '--table', 'stint')).code).toBe(7)
})

test('it is given back, and table and log tell one story again', async () => {
  const given = await audit('restore', '--table', 'stint', '--yes')
  expect([given.code, given.stdout]).toEqual([0, expect.stringContaining('3 items of the log that the table had lost')])
  expect((await audit('verify', '--table', 'stint')).code).toBe(0)
  expect((await audit('restore', '--table', 'stint')).stdout).toMatch(/^0 items/)
})

test('then it is opened: new sessions go, the freeze holds, and everything still ends up in the log', async () => {
  const vend = await deployed({})
  // Some milliseconds must have passed since the epoch.
  expect(await vend('developer', logsRead)).toEqual([201, ''])
  expect(await vend('developer', { profile: 'staging-power' })).toEqual([403, 'frozen'])
  // Whose it was the log alone knows now.
  expect(await vend('oncall', night())).toEqual([404, 'request-unknown'])
  const auditor = await sandbox.token('auditor')
  expect((await sandbox.get('/freezes', await sandbox.token('oncall'))).json.freezes).toEqual([
    expect.not.objectContaining({ until: expect.anything() }),
  ])
  expect((await sandbox.get('/requests', auditor)).status).toBe(200)
  expect((await sandbox.get('/sessions', auditor)).status).toBe(200)
  await sandbox.sweep()
  await sandbox.ship()
  expect((await audit('verify', '--table', 'stint')).code).toBe(0)
})
