/**
 * Simulates CloudTrail: writes a record for each STS, IAM and S3 call, in files with the documented names and formats, in
 * the bucket of an audit account. Sources: AWS CloudTrail User Guide, "CloudTrail record contents", "CloudTrail
 * userIdentity element" and "CloudTrail log file name format"; IAM User Guide, "Logging IAM and AWS STS API calls".
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { splitArn } from '@stint/iam'
import type { UnsignedCall } from './assume-with-web-identity.ts'
import type { Call } from './authorize.ts'
import { IAM_REGION, iamRecord, recordedCode } from './iam/record.ts'
import { trim, trimMap } from './recordings.ts'
import { addressOf } from './s3/address.ts'
import { S3Error } from './s3/answer.ts'
import { isDataEvent, operationOf } from './s3/operations.ts'
import type { SignedRequest } from './sigv4.ts'
import type { Answer } from './sts.ts'
import { buckets, putObject, type World } from './world.ts'
import { unescaped } from './xml.ts'

const TRAIL_BUCKET = 'acme-cloudtrail'

type TrailRecord = { readonly recipientAccountId: string; readonly awsRegion: string; readonly [member: string]: unknown }

export type CloudTrail = {
  readonly note: (service: string, call: Call, request: SignedRequest, answer: Answer) => void
  /** A call without a signature. It is recorded in the role's account alone, if that account let it in. */
  readonly noteWebIdentity: (call: UnsignedCall, request: SignedRequest, answer: Answer) => void
  /** Writes the records since the last call. Returns their number. */
  readonly deliver: () => number
}

export function cloudTrail(world: World): CloudTrail {
  let pending: TrailRecord[] = []

  return {
    note(service, call, request, answer) {
      pending.push(...(recorders.get(service)?.(world, call, request, answer) ?? []))
      trim(pending, 'trailRecords', 'bounded')
    },

    noteWebIdentity(call, request, answer) {
      if (answer.status === 200) pending.push(ofWebIdentity(world, call, request, answer))
    },

    deliver() {
      const bucket = world.buckets.get(TRAIL_BUCKET)
      if (!bucket) return 0
      const records = pending
      pending = []
      const now = world.clock()
      const stamp = new Date(now).toISOString()
      const folders = Map.groupBy(records, ({ recipientAccountId, awsRegion }) => `${recipientAccountId} ${awsRegion}`)
      for (const [folder, own] of folders) {
        const [account, region] = folder.split(' ')
        const day = stamp.slice(0, 10).replaceAll('-', '/')
        const name = `${account}_CloudTrail_${region}_${stamp.slice(0, 16).replace(/[-:]/g, '')}Z_${randomBytes(8).toString('hex')}.json.gz`
        const body = gzipSync(JSON.stringify({ Records: own }))
        putObject(bucket, `AWSLogs/${account}/CloudTrail/${region}/${day}/${name}`, body, 'application/json', now)
      }
      trimMap(bucket.objects, 'trailFiles', (_file, key) => key.startsWith('AWSLogs/'))
      return records.length
    },
  }
}

type Recorder = (world: World, call: Call, request: SignedRequest, answer: Answer) => readonly TrailRecord[]

/** By the service that the signature names. */
const recorders: ReadonlyMap<string, Recorder> = new Map([
  ['sts', ofSts],
  ['iam', ofIam],
  ['s3', ofS3],
])

/** The properties of every record. */
function common(
  world: World,
  call: UnsignedCall & { readonly userIdentity: object },
  request: SignedRequest,
  answer: Answer,
  eventSource: string,
  eventName: string,
) {
  const text = answer.status >= 400 ? String(answer.body) : ''
  const [code, message] = [/<Code>([^<]*)<\/Code>/.exec(text)?.[1], /<Message>([^<]*)<\/Message>/.exec(text)?.[1]]
  return {
    eventVersion: '1.11',
    userIdentity: call.userIdentity,
    eventTime: isoSecond(call.now),
    eventSource,
    eventName,
    awsRegion: world.region,
    sourceIPAddress: call.sourceIp.replace(/^::ffff:/, ''),
    userAgent: String(request.headers['user-agent'] ?? ''),
    ...(answer.status >= 400
      ? { errorCode: code ?? 'AccessDenied', ...(message === undefined ? {} : { errorMessage: unescaped(message) ?? message }) }
      : {}),
    requestID: call.requestId,
    eventID: randomUUID(),
    eventType: 'AwsApiCall',
  }
}

const isoSecond = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')

function identityOf({ identity }: Call) {
  const { principal, key, grant, userId, userSession } = identity
  const base = { principalId: userId, arn: principal.arn, accountId: principal.account, accessKeyId: key.accessKeyId }
  if (!grant) {
    const attributes = userSession && {
      creationDate: isoSecond(userSession.issuedAt),
      mfaAuthenticated: String(userSession.mfaAt !== undefined),
    }
    const userName = principal.arn.slice(principal.arn.lastIndexOf('/') + 1)
    return { type: 'IAMUser', ...base, userName, ...(attributes ? { sessionContext: { attributes } } : {}) }
  }
  const { role } = grant
  return {
    type: 'AssumedRole',
    ...base,
    sessionContext: {
      sessionIssuer: { type: 'Role', principalId: role.id, arn: role.arn, accountId: role.account, userName: role.name },
      attributes: { creationDate: isoSecond(grant.issuedAt), mfaAuthenticated: 'false' },
      ...(grant.sourceIdentity === undefined ? {} : { sourceIdentity: grant.sourceIdentity }),
    },
  }
}

/** AssumeRole is recorded in the caller's account and in the role's account. The two records share an ID. */
function ofSts(world: World, call: Call, request: SignedRequest, answer: Answer): readonly TrailRecord[] {
  const form = new URLSearchParams(request.body.toString('utf8'))
  const eventName = form.get('Action') ?? ''
  if (!['AssumeRole', 'GetCallerIdentity', 'GetWebIdentityToken'].includes(eventName)) return []
  const own = call.identity.principal.account
  const record = {
    ...common(world, { ...call, userIdentity: identityOf(call) }, request, answer, 'sts.amazonaws.com', eventName),
    readOnly: true,
    managementEvent: true,
    eventCategory: 'Management',
  }
  if (eventName === 'GetWebIdentityToken') {
    const audience = [...form].flatMap(([name, value]) => (name.startsWith('Audience.member.') ? [value] : []))
    const requestParameters = {
      audience,
      durationSeconds: Number(form.get('DurationSeconds') ?? 300),
      signingAlgorithm: form.get('SigningAlgorithm'),
    }
    return [{ ...record, requestParameters, responseElements: null, recipientAccountId: own }]
  }
  if (eventName !== 'AssumeRole') return [{ ...record, requestParameters: null, responseElements: null, recipientAccountId: own }]

  const roleArn = form.get('RoleArn') ?? ''
  const account = splitArn(roleArn)?.[4] ?? own
  const text = String(answer.body)
  const element = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]
  const tags = [...form].flatMap(([name, key]) => {
    const index = /^Tags\.member\.(\d+)\.Key$/.exec(name)?.[1]
    return index === undefined ? [] : [{ key, value: form.get(`Tags.member.${index}.Value`) ?? '' }]
  })
  const sourceIdentity = form.get('SourceIdentity')
  const assumed = {
    ...record,
    requestParameters: {
      roleArn,
      roleSessionName: form.get('RoleSessionName'),
      ...(form.get('ExternalId') === null ? {} : { externalId: form.get('ExternalId') }),
      ...(form.get('Policy') === null ? {} : { policy: form.get('Policy') }),
      durationSeconds: Number(form.get('DurationSeconds') ?? 3600),
      ...(sourceIdentity === null ? {} : { sourceIdentity }),
      ...(tags.length > 0 ? { tags } : {}),
    },
    responseElements:
      answer.status === 200
        ? {
            credentials: { accessKeyId: element('AccessKeyId'), expiration: element('Expiration') },
            assumedRoleUser: { assumedRoleId: element('AssumedRoleId'), arn: element('Arn') },
            ...(element('PackedPolicySize') === undefined ? {} : { packedPolicySize: Number(element('PackedPolicySize')) }),
            ...(element('SourceIdentity') === undefined ? {} : { sourceIdentity: element('SourceIdentity') }),
          }
        : null,
    resources: [{ accountId: account, type: 'AWS::IAM::Role', ARN: roleArn }],
  }
  if (account === own) return [{ ...assumed, recipientAccountId: own }]
  const sharedEventID = randomUUID()
  const stranger = { type: 'AWSAccount', principalId: call.identity.userId, accountId: own }
  return [
    { ...assumed, recipientAccountId: own, sharedEventID },
    // A denied call is not recorded in the account that denied it (IAM User Guide, cross-account logging).
    ...(answer.status === 200
      ? [{ ...assumed, eventID: randomUUID(), userIdentity: stranger, recipientAccountId: account, sharedEventID }]
      : []),
  ]
}

/** IAM records a call in the caller's account, which is the only one that the call is about. An unknown action has no record. */
function ofIam(world: World, call: Call, request: SignedRequest, answer: Answer): readonly TrailRecord[] {
  const form = new URLSearchParams(request.body.toString('utf8'))
  const base = common(world, { ...call, userIdentity: identityOf(call) }, request, answer, 'iam.amazonaws.com', form.get('Action') ?? '')
  if (base.errorCode === 'InvalidAction') return []
  return [
    {
      ...base,
      ...(base.errorCode === undefined ? {} : { errorCode: recordedCode(base.errorCode) }),
      ...iamRecord(form, answer.status === 200 ? String(answer.body) : undefined),
      awsRegion: IAM_REGION,
      managementEvent: true,
      eventCategory: 'Management',
      recipientAccountId: call.identity.principal.account,
    },
  ]
}

/** Source: AWS CloudTrail User Guide, "CloudTrail userIdentity element", `WebIdentityUser`. The token is not recorded. */
function ofWebIdentity(world: World, call: UnsignedCall, request: SignedRequest, answer: Answer): TrailRecord {
  const form = new URLSearchParams(request.body.toString('utf8'))
  const roleArn = form.get('RoleArn') ?? ''
  const account = splitArn(roleArn)?.[4] ?? ''
  const element = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(String(answer.body))?.[1]
  const [provider, audience, subject] = [element('Provider'), element('Audience'), element('SubjectFromWebIdentityToken')]
  const userIdentity = {
    type: 'WebIdentityUser',
    principalId: `${provider}:${audience}:${subject}`,
    userName: subject,
    identityProvider: provider,
  }
  return {
    ...common(world, { ...call, userIdentity }, request, answer, 'sts.amazonaws.com', 'AssumeRoleWithWebIdentity'),
    readOnly: true,
    managementEvent: true,
    eventCategory: 'Management',
    requestParameters: {
      roleArn,
      roleSessionName: form.get('RoleSessionName'),
      durationSeconds: Number(form.get('DurationSeconds') ?? 3600),
    },
    responseElements: {
      subjectFromWebIdentityToken: subject,
      credentials: { accessKeyId: element('AccessKeyId'), expiration: element('Expiration') },
      assumedRoleUser: { assumedRoleId: element('AssumedRoleId'), arn: element('Arn') },
      provider,
      audience,
    },
    resources: [{ accountId: account, type: 'AWS::IAM::Role', ARN: roleArn }],
    recipientAccountId: account,
  }
}

/** Data and management events, for every bucket except the log's own. */
function ofS3(world: World, call: Call, request: SignedRequest, answer: Answer): readonly TrailRecord[] {
  const address = s3Address(request)
  if (!address || Object.values(buckets).includes(address.bucket)) return []
  const { bucket: name, key } = address
  const operation = operationOf(request, address)
  if (!operation) return []
  // CloudTrail has one name for both versions of the list.
  const eventName = operation.name === 'ListObjectsV2' ? 'ListObjects' : operation.name
  const bucket = world.buckets.get(name)
  const readOnly = request.method === 'GET' || request.method === 'HEAD'
  const isData = isDataEvent(operation)
  return [
    {
      ...common(world, { ...call, userIdentity: identityOf(call) }, request, answer, 's3.amazonaws.com', eventName),
      readOnly,
      requestParameters: { ...(name ? { bucketName: name } : {}), ...(key ? { key } : {}) },
      responseElements: null,
      resources: name ? [{ type: 'AWS::S3::Bucket', ARN: `arn:aws:s3:::${name}` }] : [],
      managementEvent: !isData,
      eventCategory: isData ? 'Data' : 'Management',
      recipientAccountId: bucket?.account ?? call.identity.principal.account,
    },
  ]
}

/** A request whose address is not valid reached no bucket. */
function s3Address(request: SignedRequest) {
  try {
    return addressOf(request)
  } catch (error) {
    if (error instanceof S3Error) return undefined
    throw error
  }
}
