/**
 * The night the table is lost, rehearsed: it comes back from a backup of an hour ago, forgetting what was done since. What
 * must hold: nothing vends until somebody has looked; the log says what was forgotten; it is given back; and what was asked
 * for before never vends again. And then the night on which nobody froze it first.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildFunction } from '@stint/broker/build/functions'
import { packRules } from '@stint/core/config/rules'
import { ABANDONED_AFTER_SECONDS } from '@stint/core/request/session'
import { formatVkey } from '@stint/tlog/note'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyBuckets, operatorIn, type Ran, stint } from '../support/cli.ts'
import { gatewayEvent, type Lambda, lambdaEnvironment, type Result, startLambda } from '../support/lambda.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { slackIn } from '../support/slack.ts'

let sandbox: TestSandbox
let folder: string
let env: Record<string, string>
const running: Lambda[] = []
const ids: Record<'approved' | 'session' | 'refusal' | 'erased' | 'link', string> = {
  approved: '',
  session: '',
  refusal: '',
  erased: '',
  link: '',
}
let epoch = 0

type Item = Record<string, Record<string, any>>
const items = async () =>
  ((await sandbox.aws.dynamo.direct('Scan', { TableName: 'stint', ConsistentRead: true })) as { Items: Item[] }).Items
const item = async (id: string) => (await items()).find(({ pk }) => pk?.S.endsWith(id))

beforeAll(async () => {
  sandbox = await testSandbox()
  folder = mkdtempSync(join(tmpdir(), 'stint-restore-'))
  env = operatorIn(sandbox, folder).env
})
afterAll(async () => {
  for (const lambda of running) lambda.close()
  await sandbox.close()
  rmSync(folder, { recursive: true })
})

async function call(
  method: string,
  path: string,
  who: string,
  body?: object,
  more: Record<string, string> = {},
): Promise<{ status: number; json: any }> {
  const answer = await fetch(`${sandbox.urls.broker}${path}`, {
    method,
    headers: { authorization: `Bearer ${await sandbox.token(who)}`, ...(body ? { 'content-type': 'application/json' } : {}), ...more },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  return { status: answer.status, json: text === '' ? {} : JSON.parse(text) }
}
const freeze = (scope: object, until?: number) =>
  call('POST', '/freezes', 'oncall', {
    scope,
    justification: 'a key was seen elsewhere',
    ...(until === undefined ? {} : { expiresAt: new Date(until).toISOString() }),
  })
async function release(id: string): Promise<void> {
  expect((await call('DELETE', `/freezes/${id}`, 'oncall')).status).toBe(202)
  expect((await call('DELETE', `/freezes/${id}`, 'approver')).status).toBe(204)
}
/** Break-glass that was asked for and agreed to. */
async function approved(key: string): Promise<string> {
  const { json } = await call('POST', '/requests', 'oncall', { profile: 'break-glass', justification: 'INC-1' }, { 'idempotency-key': key })
  expect((await call('POST', `/requests/${json.id}/approve`, 'approver', {})).status).toBe(200)
  return json.id
}

/** What was there before the loss comes back, and nothing else. */
async function loseAllBut(backup: readonly Item[]): Promise<void> {
  for (const { pk } of await items()) await sandbox.aws.dynamo.direct('DeleteItem', { TableName: 'stint', Key: { pk } })
  for (const one of backup) await sandbox.aws.dynamo.direct('PutItem', { TableName: 'stint', Item: one })
}

async function audit(...args: readonly string[]): Promise<Ran> {
  copyBuckets(sandbox.aws.world, ['stint-log', 'stint-events'], join(folder, 'log'))
  return stint(['audit', args[0] ?? '', '--from', join(folder, 'log'), ...args.slice(1)], env)
}

/** A function as it is deployed after a restore. */
async function deployed(name: 'vend' | 'api' | 'sweep' | 'compare' | 'retire', more: Record<string, string>) {
  const at = mkdtempSync(join(folder, `${name}-`))
  const { file } = await buildFunction(name, at)
  writeFileSync(join(at, name, 'config.json'), packRules(sandbox.rules))
  const lambda = await startLambda(file, {
    ...lambdaEnvironment(sandbox, name),
    STINT_LOG_BUCKET: 'stint-log',
    STINT_EVENTS_BUCKET: 'stint-events',
    STINT_TABLE: 'stint',
    STINT_SIDE_TABLE: 'stint-side',
    STINT_BUILD: 'restored',
    STINT_EPOCH: String(epoch),
    STINT_STREAM: 'arn:aws:dynamodb:eu-central-1:1:table/stint/stream/1',
    STINT_DEAD_LETTERS: 'https://sqs.example/1/dead',
    ...more,
  })
  running.push(lambda)
  const answer = async (method: string, path: string, who: string, body?: object): Promise<[number, string]> => {
    const headers = ['content-type', 'application/json', 'authorization', `Bearer ${await sandbox.token(who)}`]
    const sent = { method, path, headers, ...(body ? { body: JSON.stringify(body) } : {}) }
    const { statusCode, body: text }: Result = await lambda.invoke(gatewayEvent(sent))
    return [statusCode, JSON.parse(text || '{}').code ?? '']
  }
  return { answer, invoke: lambda.invoke, vend: (who: string, body: object) => answer('POST', '/sessions', who, body) }
}
const once = { 'idempotency-key': 'once' }
const logsRead = { profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' } }
const night = (requestId: string) => ({ profile: 'break-glass', requestId, justification: 'INC-1' })
const frozen = { STINT_FROZEN: 'The table was restored, and is not verified yet.' }

test('an hour after the backup: a revoke, freezes set and released, a session, a refusal, a link, an erasure', async () => {
  await sandbox.sweep()
  await sandbox.vend(await sandbox.token('developer'), { profile: 'staging-power' })
  ids.approved = await approved('first')
  await sandbox.vend(await sandbox.token('developer'), { profile: 'gone' })
  ids.erased = (await items()).find(({ state }) => state?.S === 'refused')?.id?.S
  const released = (await freeze({ kind: 'profile', id: 'report-export' })).json.id
  await sandbox.ship()
  const backup = await items()

  expect((await call('POST', `/requests/${ids.approved}/revoke`, 'approver', {})).status).toBe(200)
  expect((await freeze({ kind: 'profile', id: 'staging-power' })).status).toBe(201)
  // A shorter one beside it is in the audit log, and shortens nothing.
  expect((await freeze({ kind: 'profile', id: 'staging-power' }, sandbox.now() + 300_000)).status).toBe(201)
  await release(released)
  ids.session = (await sandbox.vend(await sandbox.token('developer'), logsRead, once)).json.requestId
  await sandbox.vend(await sandbox.token('developer'), { profile: 'gone\u001b[2Jtoo' })
  ids.refusal = (await items()).find(({ state, id }) => state?.S === 'refused' && id?.S !== ids.erased)?.id?.S
  await slackIn(sandbox).link('developer')
  ids.link = (await items()).find(({ pk }) => pk?.S.startsWith('LINK#'))?.id?.S
  await sandbox.ship()
  const erasing = setInterval(() => void sandbox.ship(), 200)
  const who = ['--operator', 'privacy team', '--justification', 'asked for']
  const where = ['--table', 'stint', '--side-table', 'stint-side', '--events-bucket', 'stint-events']
  expect((await stint(['audit', 'erase', '--request', ids.erased, '--yes', ...who, ...where], env)).code).toBe(0)
  clearInterval(erasing)
  await sandbox.ship()
  expect((await audit('verify', '--table', 'stint', '--vkey', sandbox.logVkey)).code).toBe(0)

  await loseAllBut(backup)
  epoch = sandbox.now()
})

test('it starts frozen: nobody is let in, whatever the table says', async () => {
  const { vend } = await deployed('vend', frozen)
  const before = await item(ids.approved)
  expect(await vend('developer', logsRead)).toEqual([403, 'frozen'])
  expect(await vend('oncall', night(ids.approved))).toEqual([403, 'frozen'])
  expect(await vend('oncall', { profile: 'break-glass', justification: 'INC-2' })).toEqual([403, 'frozen'])
  expect(await item(ids.approved)).toEqual(before)
})

test('and nothing is written on what it may have forgotten, but that more is frozen', async () => {
  const [api, sweep] = await Promise.all([deployed('api', frozen), deployed('sweep', frozen)])
  const before = await items()
  for (const act of ['approve', 'deny', 'revoke'])
    expect(await api.answer('POST', `/requests/${ids.approved}/${act}`, 'approver', {})).toEqual([403, 'frozen'])
  expect(await api.answer('POST', `/requests/${ids.approved}/cancel`, 'oncall', {})).toEqual([403, 'frozen'])
  expect(await api.answer('POST', '/requests', 'oncall', { profile: 'break-glass', justification: 'INC-3' })).toEqual([403, 'frozen'])
  expect(await api.answer('POST', '/slack/link', 'developer', {})).toEqual([403, 'frozen'])
  for (const { pk } of before.filter((one) => one.pk?.S.startsWith('FREEZE#')))
    expect(await api.answer('DELETE', `/freezes/${pk?.S.slice(7)}`, 'oncall')).toEqual([403, 'frozen'])
  expect(await sweep.invoke({})).toEqual({ abandoned: 0, changed: 0, unreviewed: 0 })
  const [compare, retire] = await Promise.all([deployed('compare', frozen), deployed('retire', frozen)])
  for (const keeper of [compare, retire]) expect(await keeper.invoke({})).toMatchObject({ looked: 0, finished: false })
  const refused = (one: Item) => one.state?.S === 'refused'
  expect((await items()).filter((one) => !refused(one))).toEqual(before.filter((one) => !refused(one)))
  expect((await api.answer('GET', '/readyz', 'auditor'))[0]).toBe(200)
  expect(
    await api.answer('POST', '/freezes', 'oncall', { scope: { kind: 'profile', id: 'release-artifacts' }, justification: 'to be sure' }),
  ).toEqual([201, ''])
})

test('what was approved before never vends again, even if the table has forgotten that it was revoked', async () => {
  const { vend } = await deployed('vend', {})
  expect(await vend('oncall', night(ids.approved))).toEqual([409, 'request-ended'])
})

test('the log says what the table forgot', async () => {
  const { code, stdout } = await audit('verify', '--table', 'stint')
  expect([code, stdout]).toEqual([7, expect.stringContaining(ids.approved)])
  const listed = await audit('restore', '--table', 'stint')
  expect(listed.code).toBe(0)
  const lines = listed.stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/^frz_\w+/, 'frz').replace(/\d{4}-[\d:T.-]+Z/, 'T'))
  expect(lines.slice(0, -1).sort()).toEqual(
    [
      `${ids.approved}  request for break-glass, ended`,
      `${ids.session}  request for logs-read, ended; credentials live until T`,
      `${ids.refusal}  request for gone‹U+001B›[2Jtoo, ended`,
      `${ids.erased}  request, ended`,
      `${ids.link}  link, to be made again`,
      'frz  freeze',
      'frz  freeze of profile#staging-power, in force',
    ].sort(),
  )
  expect(lines.at(-1)).toBe('7 items of the log that the table lost. To restore them, use --yes.')
  const { applied, items } = JSON.parse((await audit('restore', '--table', 'stint', '--json')).stdout)
  expect([applied, items.map(({ id, what, skipped }: any) => [id.slice(0, 3), what, skipped])]).toEqual([
    false,
    expect.arrayContaining([['frz', 'freeze of profile#staging-power, in force', false]]),
  ])
  expect(items).toHaveLength(7)
  // Listing changes nothing.
  expect((await audit('verify', '--table', 'stint')).code).toBe(7)
})

test('nothing is written by a log that vouches for itself, nor by one that is not the one verified before', async () => {
  const yes = ['--table', 'stint', '--yes', '--operator', 'platform team']
  const elsewhere = { ...env, XDG_STATE_HOME: join(folder, 'elsewhere') }
  const stranger = await stint(['audit', 'restore', '--from', join(folder, 'log'), ...yes], elsewhere)
  expect([stranger.code, stranger.stderr]).toEqual([2, expect.stringContaining('--vkey')])
  const { publicKey } = generateKeyPairSync('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  const other = formatVkey({ name: 'stint.acme.example/log', kind: 'signer', publicKey: Buffer.from(x, 'base64url') })
  expect((await audit('restore', ...yes, '--vkey', other)).code).toBe(5)
  const nobody = await audit('restore', '--table', 'stint', '--yes')
  expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('--operator')])
  expect((await audit('verify', '--table', 'stint')).code).toBe(7)
})

test('it is given back, and table and log tell one story again', async () => {
  const given = await audit('restore', '--table', 'stint', '--yes', '--operator', 'platform team')
  expect([given.code, given.stdout]).toEqual([0, expect.stringContaining('7 items of the log that the table had lost')])
  expect((await audit('verify', '--table', 'stint')).code).toBe(0)
  expect((await audit('restore', '--table', 'stint')).stdout).toMatch(/^0 items/)
  // A refusal is one still, so that it leaves the table as refusals do; and what was erased is not back.
  expect((await item(ids.refusal))?.state?.S).toBe('refused')
  expect(JSON.stringify(await item(ids.erased))).not.toContain('Dana')
})

test('then it is opened: new sessions go, the freeze holds, and everything still ends up in the log', async () => {
  const [{ vend }, sweep] = await Promise.all([deployed('vend', {}), deployed('sweep', {})])
  // Some milliseconds must have passed since the epoch.
  expect(await vend('developer', logsRead)).toEqual([201, ''])
  expect(await vend('developer', { profile: 'staging-power' })).toEqual([403, 'frozen'])
  expect(await vend('tool', { profile: 'report-export' })).toEqual([201, ''])
  expect(await vend('oncall', night(ids.approved))).toEqual([409, 'request-ended'])
  // What was requested once is not issued again, at any endpoint.
  expect((await sandbox.vend(await sandbox.token('developer'), logsRead, once)).json.code).toBe('request-ended')
  const again = { profile: 'break-glass', justification: 'INC-1' }
  expect((await call('POST', '/requests', 'oncall', again, { 'idempotency-key': 'first' })).json.code).toBe('request-ended')
  const auditor = await sandbox.token('auditor')
  const { freezes } = (await sandbox.get('/freezes', await sandbox.token('oncall'))).json
  expect(freezes.map(({ scope, until }: any) => [scope.id, until === undefined])).toContainEqual(['staging-power', true])
  expect(freezes.map(({ scope }: any) => scope.id)).not.toContain('report-export')
  expect((await sandbox.get('/requests', auditor)).status).toBe(200)
  expect((await sandbox.get('/sessions', auditor)).status).toBe(200)
  const { slack, link } = slackIn(sandbox)
  await slack.notify()
  expect(await slack.parts.state.pending(sandbox.now())).toMatchObject({ value: { updates: [] } })
  await link('developer')
  await sweep.invoke({})
  await sandbox.ship()
  expect((await audit('verify', '--table', 'stint')).code).toBe(0)
  // The trail tells of what was given back as it did, and that there was a restore.
  expect((await sandbox.get(`/audit/events/${ids.session}/2`, auditor)).json).toMatchObject({ event: { type: 'session.issued' } })
  expect((await sandbox.get(`/audit/events/${ids.erased}/0`, auditor)).json.code).toBe('event-erased')
  const found = await sandbox.get('/audit/events?outcome=request.revoked', auditor)
  expect(found.json.events).toMatchObject([{ id: expect.stringContaining(ids.approved) }])
  const restored = await sandbox.get('/audit/events?outcome=table.restored', auditor)
  expect(restored.json.events).toMatchObject([{ event: { epoch: new Date(epoch).toISOString() } }])
})

test('what is given back is erased like anything else', async () => {
  const erasing = setInterval(() => void sandbox.ship(), 200)
  const who = ['--issuer', 'people', '--subject', '6f0c1b9e-dev-1', '--operator', 'privacy team', '--justification', 'asked for']
  const where = ['--table', 'stint', '--side-table', 'stint-side', '--events-bucket', 'stint-events']
  const { stdout } = await stint(['audit', 'erase', '--yes', ...who, ...where], env)
  clearInterval(erasing)
  expect(stdout).toContain(`${ids.session} erased`)
  expect(stdout).toContain(`${ids.refusal} erased`)
  await sandbox.ship()
  expect((await audit('verify', '--table', 'stint')).code).toBe(0)
})

test('a night on which nobody froze it first: nothing that was done since is dropped, and what is stricter holds', async () => {
  // An ask of the night before may have its place still, though its request is lost.
  sandbox.advance(ABANDONED_AFTER_SECONDS * 1000)
  const revoked = await approved('second')
  await sandbox.ship()
  const backup = await items()
  expect((await call('POST', `/requests/${revoked}/revoke`, 'approver', {})).status).toBe(200)
  const { id } = (await freeze({ kind: 'profile', id: 'logs-read' })).json
  await sandbox.ship()
  await loseAllBut(backup)

  // A table that has forgotten the revoke lets them in; a freeze that it has forgotten is set and released.
  expect((await sandbox.vend(await sandbox.token('oncall'), night(revoked))).status).toBe(201)
  expect((await freeze({ kind: 'profile', id: 'logs-read' })).json.id).toBe(id)
  await release(id)
  expect((await sandbox.vend(await sandbox.token('developer'), logsRead)).status).toBe(201)
  await sandbox.ship()

  // Journals that do not continue the log are set aside, where people find them.
  const aside = [...(sandbox.aws.world.buckets.get('stint-events')?.objects.keys() ?? [])].filter((path) => path.startsWith('quarantined/'))
  expect(aside.sort()).toEqual([`quarantined/${id}`, `quarantined/${revoked}`])

  const given = await audit('restore', '--table', 'stint', '--yes', '--operator', 'platform team')
  expect(given.stdout).toMatch(
    new RegExp(`^${revoked}  request for break-glass, ended; credentials live until .*, and 2 events written since$`, 'm'),
  )
  expect(given.stdout).toMatch(new RegExp(`^${id}  freeze of profile#logs-read, in force, and 3 events written since$`, 'm'))
  expect((await sandbox.vend(await sandbox.token('oncall'), night(revoked))).json.code).toBe('request-ended')
  expect((await sandbox.vend(await sandbox.token('developer'), logsRead)).json.code).toBe('frozen')
  await sandbox.ship()
  // The session left, so it is in the audit log; and the trail says that it must not have.
  const { code, stdout } = await audit('verify', '--table', 'stint')
  expect([code, stdout]).toEqual([6, expect.stringMatching(new RegExp(`${revoked}.*\\n?.*session\\.reserved after the end`))])
  expect((await audit('restore', '--table', 'stint')).stdout).toMatch(/^0 items/)
})
