/**
 * AssumeRole over Stint's own wire, in AWS's Query protocol.
 * Source: AWS STS API Reference, "Making Query requests" and "AssumeRole"; bodies are equal to the SDK's, byte by byte.
 */
import { defined } from '@stint/core/defined'
import { parseHttpDate } from '@stint/core/instant'
import type { AssumeRoleInput } from '@stint/core/scope/assume-role'
import type { StsCall } from '../sts.ts'
import type { Wire } from './exchange.ts'
import { ServiceFault } from './fault.ts'
import { queryForm } from './query-form.ts'
import { readXml } from './xml.ts'

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** `of`: the connections to STS in a region. */
export const stsOverWire =
  (of: (region: string) => Wire): StsCall =>
  async (input, withinMs) => {
    const { status, headers, body } = await of(input.region).post(
      { 'content-type': 'application/x-www-form-urlencoded' },
      formOf(input),
      withinMs,
    )
    const requestId = headers['x-amzn-requestid'] as string | undefined
    if (status !== 200) return errorIn(status, body, requestId)
    const xml = readXml(body)
    if (xml.root !== 'AssumeRoleResponse' || xml.namespace !== NAMESPACE) throw new Error('the response is not about AssumeRole')
    const result = (name: string) => xml.text(`AssumeRoleResponse/AssumeRoleResult/${name}`)
    const answeredAt = headers.date === undefined ? undefined : parseHttpDate(headers.date)
    return {
      outcome: 'answer',
      answer: {
        credentials: {
          accessKeyId: result('Credentials/AccessKeyId') ?? '',
          secretAccessKey: result('Credentials/SecretAccessKey') ?? '',
          sessionToken: result('Credentials/SessionToken') ?? '',
          expiration: instantOf(result('Credentials/Expiration')),
        },
        assumedRoleArn: result('AssumedRoleUser/Arn') ?? '',
        assumedRoleId: result('AssumedRoleUser/AssumedRoleId') ?? '',
        ...defined({ sourceIdentity: result('SourceIdentity'), answeredAt }),
        awsRequestId: requestId ?? '',
        packedPolicySize: Number(result('PackedPolicySize') ?? 0),
      },
    }
  }

/** The form in which STS writes a time. */
function instantOf(text: string | undefined): number {
  if (text === undefined) return Number.NaN
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(instant)) throw new Error('the response has an invalid expiration')
  return instant
}

/** An error that STS answered. Any other body says nothing about what STS did, so it is not passed on. */
function errorIn(status: number, body: string, requestId: string | undefined): Awaited<ReturnType<StsCall>> {
  try {
    const { text } = readXml(body)
    const [code, message = ''] = [text('ErrorResponse/Error/Code'), text('ErrorResponse/Error/Message')]
    if (code === undefined) throw new Error('the response has no code')
    return { outcome: 'error', error: new ServiceFault(code, message, status, { requestId }), body }
  } catch (error) {
    const what = `status ${status}, and ${(error as Error).message}`
    return { outcome: 'error', error: new ServiceFault('UnknownError', what, status, { requestId }), body: '' }
  }
}

/** In the order in which the SDK writes it. */
function formOf({
  roleArn,
  roleSessionName,
  policyArns,
  policy,
  durationSeconds,
  tags,
  externalId,
  sourceIdentity,
}: AssumeRoleInput): string {
  const transitive = tags.filter((tag) => tag.transitive)
  const fields: Parameters<typeof queryForm>[2] = [
    ['RoleArn', roleArn],
    ['RoleSessionName', roleSessionName],
    ...policyArns.map((arn, at) => [`PolicyArns.member.${at + 1}.arn`, arn] as const),
    ['Policy', policy],
    ['DurationSeconds', durationSeconds],
    ...tags.flatMap(({ key, value }, at) => [[`Tags.member.${at + 1}.Key`, key] as const, [`Tags.member.${at + 1}.Value`, value] as const]),
    ...transitive.map(({ key }, at) => [`TransitiveTagKeys.member.${at + 1}`, key] as const),
    ['ExternalId', externalId],
    ['SourceIdentity', sourceIdentity],
  ]
  return queryForm('AssumeRole', '2011-06-15', fields)
}
