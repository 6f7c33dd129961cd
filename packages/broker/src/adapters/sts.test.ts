/** Which gate refused, as far as AWS's message shows. The messages come from AWS's documentation and users. */
import { Readable } from 'node:stream'
import { STSClient } from '@aws-sdk/client-sts'
import { describe, expect, test } from 'vitest'
import { gateOf, stsAdapter } from './sts.ts'
import { stsOverSdk } from './sts-over-sdk.ts'
import { CLIENTS, type ClientName } from './testing/clients.ts'
import { stsOverWire } from './wire/sts.ts'

const said =
  'User: arn:aws:sts::123456789012:assumed-role/stint-vend/stint-vend is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/x'
test.each([
  [`${said} because no role trust policy allows the sts:AssumeRole action`, 'trust-policy'],
  [`${said} with an explicit deny in a resource-based policy`, 'trust-policy'],
  [`${said} with an explicit deny in the role trust policy`, 'trust-policy'],
  [`${said} because no identity-based policy allows the sts:AssumeRole action`, 'caller-permission'],
  [`${said} because no permissions boundary allows the sts:AssumeRole action`, 'caller-permission'],
  [`${said} because no session policy allows the sts:AssumeRole action`, 'caller-permission'],
  [`${said} with an explicit deny in a service control policy`, 'caller-permission'],
  [said, 'unknown'],
  ['', 'unknown'],
])('%s → %s', (message, gate) => expect(gateOf(message)).toBe(gate))

describe.each(CLIENTS)('over %s, the outcome of two sends', (name) => {
  type Answer = { readonly status: number; readonly body: string }
  const answered = (code: string, status = 400): Answer => ({
    status,
    body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>m</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`,
  })
  const lost = new Error('socket hang up')
  const refusedConnection = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  const never = 'never'
  type Fate = Answer | Error | typeof never
  const adapter = (...fates: Fate[]) => {
    let sends = 0
    const fateOfNext = async (): Promise<Answer> => {
      const fate = fates[sends++] ?? fates.at(-1)
      if (fate === never || fate === undefined) return new Promise<never>(() => {})
      if (fate instanceof Error) throw fate
      return fate
    }
    return stsAdapter({
      call: callOf(name, fateOfNext),
      clock: Date.now,
      random: (count) => new Uint8Array(count),
      sleep: async () => {},
      wholeCallMs: 200,
    })
  }
  const input = {
    region: 'eu-central-1',
    roleArn: 'r',
    roleSessionName: 's',
    externalId: 'e',
    durationSeconds: 900,
    policy: '{}',
    policyArns: [],
    tags: [],
  }
  test.each<[string, Fate[], string, string | undefined, number]>([
    ['denied', [answered('AccessDenied', 403)], 'refused', 'assume-role-denied', 1],
    ['throttled twice', [answered('Throttling')], 'refused', 'sts-throttled', 2],
    ['never reached', [refusedConnection], 'refused', 'sts-timeout', 2],
    ['lost twice', [lost], 'unknown', undefined, 2],
    ['lost, then denied: the first may have happened', [lost, answered('AccessDenied', 403)], 'unknown', undefined, 2],
    ['lost, then throttled', [lost, answered('Throttling')], 'unknown', undefined, 2],
    ['lost, then never reached', [lost, refusedConnection], 'unknown', undefined, 2],
    ['throttled, then denied', [answered('Throttling'), answered('AccessDenied', 403)], 'refused', 'assume-role-denied', 2],
    ['a failure of AWS', [answered('InternalFailure', 500)], 'unknown', undefined, 2],
    ['an unknown code', [answered('Surprise')], 'refused', 'assume-role-invalid', 1],
    ['no answer at all, the body stalled', [never], 'unknown', undefined, 1],
  ])('%s', async (_name, fates, outcome, code, sends) => {
    const result = await adapter(...fates).assumeRole(input)
    expect([result.outcome, result.outcome === 'refused' ? result.code : undefined, 'sends' in result ? result.sends : 0]).toEqual([
      outcome,
      code,
      sends,
    ])
  })
})

function callOf(name: ClientName, next: () => Promise<{ readonly status: number; readonly body: string }>) {
  const headers = { 'content-type': 'text/xml' }
  if (name === 'wire') return stsOverWire(() => ({ open: () => {}, post: async () => ({ headers, ...(await next()) }) }))
  const handle = async () => {
    const { status, body } = await next()
    return { response: { statusCode: status, headers, body: Readable.from([Buffer.from(body)]) } }
  }
  const client = new STSClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'ASIA', secretAccessKey: 's' },
    maxAttempts: 1,
    requestHandler: { handle } as never,
  })
  return stsOverSdk(() => client)
}
