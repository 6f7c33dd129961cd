/** AssumeRole over AWS's SDK. */
import { Readable } from 'node:stream'
import { AssumeRoleCommand, type AssumeRoleCommandOutput, type STSClient } from '@aws-sdk/client-sts'
import { defined } from '@stint/core/defined'
import { type Instant, parseHttpDate } from '@stint/core/instant'
import type { AssumeRoleInput } from '@stint/core/scope/assume-role'
import type { StsAnswer, StsCall } from './sts.ts'

/** `client`: one per region. */
export const stsOverSdk =
  (client: (region: string) => STSClient): StsCall =>
  async (input, withinMs) => {
    const command = new AssumeRoleCommand(toWire(input))
    const { answeredAt, errorBody } = rawAnswerOf(command)
    try {
      const output = await client(input.region).send(command, { requestTimeout: withinMs })
      return { outcome: 'answer', answer: fromWire(output, answeredAt()) }
    } catch (error) {
      return { outcome: 'error', error, body: errorBody() }
    }
  }

const toWire = (input: AssumeRoleInput) => ({
  RoleArn: input.roleArn,
  RoleSessionName: input.roleSessionName,
  ExternalId: input.externalId,
  DurationSeconds: input.durationSeconds,
  Policy: input.policy,
  ...(input.policyArns.length > 0 ? { PolicyArns: input.policyArns.map((arn) => ({ arn })) } : {}),
  Tags: input.tags.map(({ key, value }) => ({ Key: key, Value: value })),
  ...(input.tags.some(({ transitive }) => transitive)
    ? { TransitiveTagKeys: input.tags.filter(({ transitive }) => transitive).map(({ key }) => key) }
    : {}),
  ...defined({ SourceIdentity: input.sourceIdentity }),
})

type RawAnswer = { readonly statusCode: number; readonly headers: { readonly date?: string }; body: AsyncIterable<Uint8Array> }

/** Keeps what the SDK does not pass on of the command's last response: its `Date` header and, for an error, its body. */
function rawAnswerOf(command: AssumeRoleCommand) {
  let date: string | undefined
  let errorBody = ''
  command.middlewareStack.add(
    (next) => async (args) => {
      date = undefined
      errorBody = ''
      const answered = await next(args)
      const response = answered.response as RawAnswer
      date = response.headers.date
      if (response.statusCode >= 400) {
        // The body is complete and within bounds: the client's handler has read it.
        const parts: Uint8Array[] = []
        for await (const part of response.body) parts.push(part)
        const bytes = Buffer.concat(parts)
        errorBody = bytes.toString('utf8')
        response.body = Readable.from([bytes])
      }
      return answered
    },
    { step: 'deserialize', priority: 'low', name: 'rawAnswer' },
  )
  return { answeredAt: () => (date === undefined ? undefined : parseHttpDate(date)), errorBody: () => errorBody }
}

/** The response as it came. A missing value becomes empty, which does not match any call. */
function fromWire(output: AssumeRoleCommandOutput, answeredAt: Instant | undefined): StsAnswer {
  const { Credentials: credentials, AssumedRoleUser: user } = output
  return {
    credentials: {
      accessKeyId: credentials?.AccessKeyId ?? '',
      secretAccessKey: credentials?.SecretAccessKey ?? '',
      sessionToken: credentials?.SessionToken ?? '',
      expiration: credentials?.Expiration?.getTime() ?? Number.NaN,
    },
    assumedRoleArn: user?.Arn ?? '',
    assumedRoleId: user?.AssumedRoleId ?? '',
    ...defined({ sourceIdentity: output.SourceIdentity }),
    awsRequestId: output.$metadata.requestId ?? '',
    ...defined({ answeredAt }),
    packedPolicySize: output.PackedPolicySize ?? 0,
  }
}
