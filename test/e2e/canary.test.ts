/**
 * Every flow with secrets that are marked, and then a search for them in everything that is kept or said: logs, tables and
 * their stream, buckets, answers that are not theirs, and what a function prints when it dies. In every spelling a secret
 * might be written in.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildFunction } from '@stint/broker/build/functions'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLambda } from '../support/lambda.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

/** What must appear nowhere, by what it is. */
const secrets: Record<string, Set<string>> = {}
const mark = (kind: string, value: string | undefined) => {
  if (!value || value.length < 12) throw new Error(`no ${kind} to look for`)
  secrets[kind] ??= new Set()
  secrets[kind].add(value)
}
/** All that was answered, with what in it was meant for the caller taken out. */
const answers: string[] = []
let sandbox: TestSandbox
/** Stands in for what STS answers, once. */
let instead: string | undefined

const call = async (method: string, path: string, headers: Record<string, string>, body?: string) => {
  const answer = await fetch(`${sandbox.urls.broker}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
  let text = await answer.text()
  const entitled = /"(?:secretAccessKey|SecretAccessKey)":"([^"]+)","(?:sessionToken|SessionToken|Token)":"([^"]+)"/.exec(text)
  const exported = /AWS_SECRET_ACCESS_KEY='?([^'\n]+)'?[\s\S]*AWS_SESSION_TOKEN='?([^'\n]+)'?/.exec(text)
  const [, secret, token] = entitled ?? exported ?? []
  if (secret && token) {
    mark('secret access key', secret)
    mark('session token', token)
    text = text.replaceAll(secret, '').replaceAll(token, '')
  }
  answers.push(JSON.stringify([...answer.headers]), text)
  return text
}
const json = { 'content-type': 'application/json' }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

beforeAll(async () => {
  sandbox = await testSandbox({
    intercept: async (service, action, next) => {
      const answer = await next()
      if (service !== 's3' && service !== 'sts') return answer
      if (service === 'sts' && action === 'AssumeRole' && instead !== undefined) {
        const body = instead
        instead = undefined
        return { ...answer, status: 200, body }
      }
      return answer
    },
  })
  for (const { key } of sandbox.aws.world.identities.values()) {
    mark('AWS secret key of a function', key.secretAccessKey)
    if (key.sessionToken) mark('AWS session token of a function', key.sessionToken)
  }
  mark('secret of the sandbox', sandbox.secret)
  for (const { privateKey } of sandbox.aws.world.kmsKeys) {
    const d = privateKey.export({ format: 'jwk' }).d as string
    mark('signing key of the log', d)
    mark('signing key of the log', Buffer.from(d, 'base64url').toString('base64'))
    mark('signing key of the log', Buffer.from(d, 'base64url').toString('hex'))
  }
  await everyFlow()
  await sandbox.sweep()
  await sandbox.ship()
})
afterAll(() => sandbox.close())

async function everyFlow(): Promise<void> {
  const token: Record<string, string> = {}
  for (const name of ['developer', 'approver', 'oncall', 'auditor', 'tool', 'ci-main']) {
    token[name] = await sandbox.token(name)
    mark('token', token[name])
    // Its parts too: a log line may hold only one.
    mark('signature of a token', token[name]?.split('.')[2])
  }
  const as = (name: string) => ({ ...json, ...bearer(token[name] ?? '') })
  const logs = { profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' } }
  for (const format of ['json', 'env', 'process', 'container'])
    await call('POST', '/sessions', as('developer'), JSON.stringify({ ...logs, format }))
  await call('POST', '/sessions', as('developer'), JSON.stringify({ ...logs, format: 'console' }))
  await call('GET', '/credentials/staging-power', bearer(token.developer ?? ''))
  await call('POST', '/sessions', as('ci-main'), JSON.stringify({ profile: 'deploy-prod' }))
  await call('POST', '/sessions', as('tool'), JSON.stringify({ profile: 'report-export' }))

  // Secrets where they do not belong.
  const canary = (kind: string) => {
    const value = `CANARY-${kind.replace(/\W/g, '-')}-${Buffer.from(kind).toString('hex')}`
    mark(kind, value)
    return value
  }
  await call('POST', '/sessions', as('developer'), JSON.stringify({ ...logs, password: canary('unknown member of a body') }))
  await call('POST', '/sessions', as('developer'), `{"profile":"${canary('body that is no JSON')}`)
  await call('POST', '/sessions', { ...json, authorization: `Basic ${canary('header of another scheme')}` }, '{}')
  await call('POST', '/sessions', { ...json, ...bearer(canary('token that is none')) }, '{}')
  await call('POST', '/sessions', { ...json, ...bearer(`${token.developer}x`) }, JSON.stringify(logs))
  await call('GET', `/sessions?access_token=${canary('token in a query')}`, bearer(token.developer ?? ''))
  await call('GET', `/credentials/staging-power?p.x=${canary('token in a query of vend')}`, bearer(token.developer ?? ''))
  await call('POST', '/sessions', { ...as('developer'), cookie: canary('cookie') }, JSON.stringify({ ...logs, duration: 1 }))
  await call('POST', '/sessions', { ...as('developer'), 'idempotency-key': canary('idempotency key') }, JSON.stringify(logs))

  // People, break-glass, freezes.
  const asked = JSON.parse(
    await call('POST', '/requests', as('oncall'), JSON.stringify({ profile: 'break-glass', justification: 'orders are down' })),
  )
  await call('POST', `/requests/${asked.id}/deny`, as('approver'), JSON.stringify({ comment: 'no' }))
  await call('POST', '/freezes', as('oncall'), JSON.stringify({ scope: { kind: 'profile', id: 'staging-power' }, justification: 'x' }))
  await call('POST', '/sessions', as('developer'), JSON.stringify({ profile: 'staging-power' }))
  await call('GET', '/audit/events', bearer(token.auditor ?? ''))

  // AWS answers with something that cannot be read, and it holds credentials.
  const broken = (part: string) => `<AssumeRoleResponse><AssumeRoleResult><Credentials><SecretAccessKey>${part}</SecretAccessKey><`
  instead = broken(canary('secret key in a broken answer'))
  await call('POST', '/sessions', as('developer'), JSON.stringify(logs))
  instead = `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>${canary('secret key in half an answer')}</SecretAccessKey></Credentials></AssumeRoleResult></AssumeRoleResponse>`
  await call('POST', '/sessions', as('developer'), JSON.stringify(logs))
}

const tables = ['stint', 'stint-side']

async function itemsOf(TableName: string): Promise<readonly object[]> {
  const items: object[] = []
  let ExclusiveStartKey: unknown
  do {
    const page = await sandbox.aws.dynamo.direct('Scan', { TableName, ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}) })
    items.push(...(page.Items as object[]))
    ExclusiveStartKey = page.LastEvaluatedKey
  } while (ExclusiveStartKey)
  return items
}

/** A secret as it stands, and in the spellings that encoders give it. */
const spellings = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('base64url'),
  Buffer.from(secret).toString('hex'),
]

function leaks(haystacks: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets).flatMap(([kind, values]) =>
    [...values].flatMap((value) =>
      Object.entries(haystacks).flatMap(([where, text]) =>
        spellings(value).some((one) => text.includes(one)) ? [`${kind} in ${where}`] : [],
      ),
    ),
  )
}

test('the flows were real: credentials left, and the trail has them', async () => {
  expect(Object.keys(secrets).length).toBeGreaterThanOrEqual(16)
  expect(secrets['session token']?.size).toBeGreaterThanOrEqual(6)
  const report = await verify({ source: storeSource(sandbox.shipper), keys: [], now: sandbox.now() })
  expect(report.faults).toEqual([])
  expect(report.counts).toMatchObject({
    'session.issued': expect.any(Number),
    'request.denied': 1,
    'freeze.set': 1,
    'session.reserved': expect.any(Number),
  })
})

describe('no secret is', () => {
  test('in a log line', () => expect(leaks({ log: JSON.stringify(sandbox.log) })).toEqual([]))
  test.each(tables)('in table %s', async (TableName) => {
    const items = await itemsOf(TableName)
    expect(items.length).toBeGreaterThan(5)
    expect(leaks({ [TableName]: JSON.stringify(items) })).toEqual([])
  })
  test('in the stream', () => expect(leaks({ stream: JSON.stringify(sandbox.aws.dynamo.records) })).toEqual([]))
  test.each(['stint-log', 'stint-events'])('in bucket %s', (name) => {
    const objects = [...(sandbox.aws.world.buckets.get(name)?.objects ?? [])]
    expect(objects.length).toBeGreaterThan(0)
    expect(leaks(Object.fromEntries(objects.map(([path, { body }]) => [path, `${path} ${body.toString('latin1')}`])))).toEqual([])
  })
  test('in an answer, but for credentials to whom they were made for', () => {
    expect(answers.length).toBeGreaterThan(40)
    expect(leaks({ answers: answers.join('\n') })).toEqual([])
  })

  test('in what a function prints when it dies', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stint-canary-'))
    try {
      for (const name of ['vend', 'ship'] as const) {
        const { file } = await buildFunction(name, folder)
        mark('key of a function that dies', 'CANARY-dying-function-secret')
        const lambda = await startLambda(file, {
          AWS_REGION: 'eu-central-1',
          AWS_ACCESS_KEY_ID: 'ASIA',
          AWS_SECRET_ACCESS_KEY: 'CANARY-dying-function-secret',
          AWS_SESSION_TOKEN: 'CANARY-dying-function-secret',
        })
        const error = await lambda.invoke({}).then(String, (failure: Error) => `${failure.stack}`)
        lambda.close()
        expect(error).toMatch(/lacks|config\.json/)
        expect(leaks({ [name]: `${error}\n${lambda.output()}` })).toEqual([])
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

test.each(tables)('docs/storage.md names every attribute in table %s', async (TableName) => {
  const page = readFileSync(new URL('../../docs/storage.md', import.meta.url), 'utf8')
  const documented = new Set([...page.matchAll(/`([^`]+)`/g)].map(([, name]) => name?.replace(/<.*/, '')))
  const stored = new Set(
    (await itemsOf(TableName)).flatMap((item) => Object.keys(item)).map((name) => name.replace(/(?<=^(ses|terms|frz|min)\.).*/, '')),
  )
  expect(stored.size).toBeGreaterThan(5)
  expect([...stored].filter((name) => !documented.has(name))).toEqual([])
})

test('the search does find what is there', () => {
  const [value] = secrets.token as Set<string>
  expect(leaks({ here: `x${Buffer.from(value as string).toString('base64')}y` })).toContain('token in here')
})
