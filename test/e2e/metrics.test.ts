/**
 * What alarms look at is what functions write: each metric that CloudWatch counts out of their lines, held to lines that were
 * written when the very thing happened, and to all the others.
 */
import { createHash } from 'node:crypto'
import { type CountedMetric, countedMetrics } from '@stint/broker/lambda/metrics'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { slackIn } from '../support/slack.ts'

type Line = { readonly [field: string]: unknown }

/** Amazon CloudWatch Logs User Guide, "Filter pattern syntax for metric filters": what the patterns here use of it. */
function matches(pattern: string, line: Line): boolean {
  const inner = /^\{ (.+) \}$/.exec(pattern)?.[1]
  if (inner === undefined) throw new SyntaxError(`no pattern for JSON: ${pattern}`)
  return inner.split(' || ').some((any) => any.split(' && ').every((one) => holds(one, line)))
}
function holds(comparison: string, line: Line): boolean {
  const [, field = '', sign, wanted = ''] = /^\$\.(\w+) (=|>|>=) ("[\w*-]+"|\d+)$/.exec(comparison) ?? []
  if (sign === undefined) throw new SyntaxError(`no comparison: ${comparison}`)
  const value = line[field]
  if (wanted.startsWith('"')) {
    const text = new RegExp(`^${wanted.slice(1, -1).replaceAll('*', '.*')}$`)
    return sign === '=' && typeof value === 'string' && text.test(value)
  }
  if (typeof value !== 'number') return false
  return sign === '=' ? value === Number(wanted) : sign === '>' ? value > Number(wanted) : value >= Number(wanted)
}

let sandbox: TestSandbox
let failing = (_service: string, _action: string): boolean => false
beforeAll(async () => {
  sandbox = await testSandbox({
    bindings: { TOOLS_JWKS: 'http://127.0.0.1:9/jwks' },
    intercept: async (service, action, next) => {
      const answer = await next()
      return failing(service, action) ? { ...answer, status: 500, body: '{}' } : answer
    },
    deadlines: { connect: 5000, ledger: 500, sts: 5000 },
  })
})
afterAll(() => sandbox.close())

/** What a metric counts in the lines that were written meanwhile, and which other metrics count in them. */
async function counted(work: () => Promise<unknown>): Promise<Record<string, unknown[]>> {
  const from = sandbox.log.length
  await work()
  // As CloudWatch sees them.
  const lines = sandbox.log.slice(from).map((line) => JSON.parse(JSON.stringify(line)) as Line)
  const found = Object.entries(countedMetrics).map(([name, { pattern, value }]: [string, CountedMetric]) => {
    const those = lines.filter((line) => matches(pattern, line))
    return [name, those.map((line) => (value === undefined ? 1 : line[value.slice(2)]))] as const
  })
  return Object.fromEntries(found.filter(([, values]) => values.length > 0))
}

test('a session as usual is nothing that anybody is woken for', async () => {
  const token = await sandbox.token('developer')
  expect(
    await counted(async () => {
      expect((await sandbox.vend(token, { profile: 'staging-power' })).status).toBe(201)
      await sandbox.vend(token, { profile: 'unknown' })
      await sandbox.sweep()
      await sandbox.ship()
    }),
  ).toEqual({})
})

test('PackedSize', async () => {
  const token = await sandbox.token('developer')
  // Nothing that compression could make short.
  const paths = (count: number) =>
    Array.from({ length: count }, (_, at) => `arn:aws:s3:::x/${createHash('sha512').update(`${at}`).digest('base64url')}`)
  let size = 0
  const found = await counted(async () => {
    for (let count = 1; size < 80 && count < 20; count++) {
      const narrow = { Statement: { Effect: 'Deny', Action: 's3:GetObject', Resource: paths(count) } }
      const { json } = await sandbox.vend(token, { profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' }, narrow })
      size = json.packedPolicySize ?? 0
    }
  })
  expect(size).toBeGreaterThanOrEqual(80)
  expect(found).toEqual({ PackedSize: [size] })
})

test('IssuerKeys', async () => {
  const token = await sandbox.token('tool')
  expect(await counted(() => sandbox.vend(token, { profile: 'report-export' }))).toEqual({ IssuerKeys: [1] })
})

test('AssumeDenied', async () => {
  const token = await sandbox.token('developer')
  sandbox.deploy('staging', { externalId: 'not-the-one-it-trusts' })
  expect(await counted(() => sandbox.vend(token, { profile: 'staging-power' }))).toEqual({ AssumeDenied: [1] })
})

test('BreakGlassOpen', async () => {
  const it = slackIn(sandbox)
  const { requestId } = (await it.call('POST', '/sessions', await sandbox.token('oncall'), { profile: 'break-glass', justification: 'x' }))
    .json
  expect(await counted(() => sandbox.sweep())).toEqual({})
  await it.call('POST', `/requests/${requestId}/approve`, await sandbox.token('approver'), {})
  expect(await counted(() => sandbox.sweep())).toEqual({ BreakGlassOpen: [1] })
  await it.call('POST', `/requests/${requestId}/review`, await sandbox.token('approver'), { text: 'fine' })
  expect(await counted(() => sandbox.sweep())).toEqual({})
})

test('SweepFault', async () => {
  failing = (service, action) => service === 'dynamodb' && action === 'Query'
  expect(await counted(() => sandbox.sweep())).toEqual({ SweepFault: [1] })
  failing = () => false
})

test('SlackDeadLetters', async () => {
  const it = slackIn(sandbox)
  await it.slack.notify()
  const { json } = await it.call('POST', '/requests', await sandbox.token('oncall'), { profile: 'break-glass', justification: 'y' })
  it.slack.intercept = (method) => (method === 'chat.postMessage' ? { ok: false, error: 'channel_not_found' } : undefined)
  expect(await counted(() => it.slack.notify())).toEqual({})
  await it.call('POST', `/requests/${json.id}/deny`, await sandbox.token('approver'), {})
  sandbox.advance(120_000)
  expect(await counted(() => it.slack.notify())).toEqual({ SlackDeadLetters: [1] })
})
