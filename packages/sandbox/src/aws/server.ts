/**
 * One port that simulates AWS: identifies the signer, verifies the keys, and selects the service. The service is in the scope of
 * the signature; AWS selects it by host name.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '../guard.ts'
import { type Call, newRequestId } from './authorize.ts'
import { type CloudTrail, cloudTrail } from './cloudtrail.ts'
import { consoleSignIn } from './console.ts'
import type { Dynamo } from './dynamodb.ts'
import { dynamoError } from './dynamodb-answer.ts'
import { handleIam, iamError } from './iam/handle.ts'
import { handleKms, kmsError } from './kms.ts'
import { handleS3, s3Error } from './s3.ts'
import { type SigFault, type SignedRequest, signatureFault, unverifiedScope } from './sigv4.ts'
import { type Answer, handleSts, handleUnsigned, isUnsigned, stsError } from './sts.ts'
import type { World } from './world.ts'

export type AwsServer = {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  /** Every call that AWS would see, for tests. It contains no secrets. */
  readonly trail: CloudTrail
  readonly calls: readonly { readonly service: string; readonly action: string; readonly status: number; readonly at: number }[]
}

/** Lets a test intervene before a call, after it, or instead of it. */
export type Interceptor = (service: string, action: string, next: () => Promise<Answer>, request: SignedRequest) => Promise<Answer | 'drop'>

export function awsServer(world: World, dynamo: Dynamo, intercept: Interceptor = (_service, _action, next) => next()): AwsServer {
  const trail = cloudTrail(world)
  const console = consoleSignIn(world)
  const calls: { service: string; action: string; status: number; at: number }[] = []

  async function answer(sent: SignedRequest, sourceIp: string): Promise<{ answer: Answer | 'drop'; service: string; action: string }> {
    const request = { ...sent, url: world.playedIp === undefined ? sent.url : sent.url.replace(FROM, '/') }
    const scope = unverifiedScope(request.headers)
    const service = scope?.service ?? serviceOf(request)
    const requestId = newRequestId()
    const action = actionOf(service, request)
    const refuse = (fault: Fault) => ({ answer: faultAnswer(service, fault, requestId), service, action })
    if (service === 'sts' && isUnsigned(request.body)) {
      const call = { now: world.clock(), sourceIp, requestId }
      const next = async (): Promise<Answer> => {
        const done = await handleUnsigned(world, call, request.body)
        trail.noteWebIdentity(call, request, done)
        return done
      }
      return { answer: await intercept(service, action, next, request), service, action }
    }
    if (!scope) return refuse('missing')

    const identity = world.identities.get(scope.accessKeyId)
    if (!identity) return refuse('unknown-key')
    const now = world.clock()
    const fault = await signatureFault(sent, scope, identity.key, now)
    if (fault) return refuse(fault)
    const session = identity.grant ?? identity.userSession
    if (session && now >= session.expiresAt) return refuse('expired')
    // AWS IAM User Guide, "Request temporary security credentials": without MFA, a session of GetSessionToken cannot call IAM.
    if (service === 'iam' && identity.userSession && identity.userSession.mfaAt === undefined) return refuse('token-invalid')

    const call: Call = { identity, now, sourceIp, requestId }
    const play = async (): Promise<Answer> => {
      if (service === 'sts') return handleSts(world, call, request.body)
      if (service === 'iam') return handleIam(world, call, request.body)
      if (service === 's3') return handleS3(world, call, request)
      if (service === 'kms') return handleKms(world, call, String(request.headers['x-amz-target'] ?? ''), request.body)
      if (service === 'dynamodb') return dynamo.handle(world, call, String(request.headers['x-amz-target'] ?? ''), request.body)
      return stsError(400, 'InvalidAction', `The sandbox does not support ${service}.`, requestId)
    }
    // CloudTrail records what AWS did, even if a test changes the answer.
    const next = async (): Promise<Answer> => {
      const done = await play()
      trail.note(service, call, request, done)
      return done
    }
    return { answer: await intercept(service, action, next, request), service, action }
  }

  return {
    trail,
    calls,
    async handle(request, response) {
      // Public, so the request is not signed.
      const document = request.method === 'GET' ? world.outbound.document(request.url ?? '') : undefined
      if (document) return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
      const body = await readBody(request)
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox')
      // Not signed either: the credentials are in the form.
      if (pathname === '/federation') {
        const page = console.answer(request.method === 'POST' ? new URLSearchParams(body.toString('utf8')) : searchParams)
        return void response.writeHead(page.status, { 'content-type': page.type, 'cache-control': 'no-store' }).end(page.body)
      }
      const signed: SignedRequest = { method: request.method ?? 'GET', url: request.url ?? '/', headers: request.headers, body }
      const { answer: result, service, action } = await answer(signed, sourceIpOf(world, signed, request.socket.remoteAddress ?? ''))
      calls.push({ service, action, status: result === 'drop' ? 0 : result.status, at: world.clock() })
      if (result === 'drop') return void request.socket.destroy()
      response.writeHead(result.status, { ...result.headers, date: new Date(world.clock()).toUTCString() })
      response.end(request.method === 'HEAD' ? undefined : result.body)
    },
  }
}

/** `/from/IP`: a prefix of the endpoint's path that plays another address, where the sandbox plays one at all. */
const FROM = /^\/from\/([0-9a-fA-F.:]+)(?:\/|$)/

const sourceIpOf = ({ playedIp }: World, { url }: SignedRequest, own: string): string =>
  playedIp === undefined ? own : (FROM.exec(url)?.[1] ?? playedIp)

const serviceOf = ({ headers }: SignedRequest): string =>
  headers['x-amz-target'] ? 'dynamodb' : String(headers['content-type']).startsWith('application/x-www-form-urlencoded') ? 'sts' : 's3'

function actionOf(service: string, { method, headers, body }: SignedRequest): string {
  if (service === 'dynamodb' || service === 'kms') return String(headers['x-amz-target'] ?? '').replace(/^.*\./, '')
  if (service === 'sts' || service === 'iam') return new URLSearchParams(body.toString('utf8')).get('Action') ?? ''
  return method
}

type Fault = SigFault | 'unknown-key' | 'expired'

/** Each service has its own names for the same errors. */
function faultAnswer(service: string, fault: Fault, requestId: string): Answer {
  const words: Record<
    Fault,
    { readonly message: string; readonly sts: [number, string]; readonly s3: [number, string]; readonly dynamodb: string }
  > = {
    missing: {
      message: 'Request is missing Authentication Token',
      sts: [403, 'MissingAuthenticationToken'],
      s3: [403, 'AccessDenied'],
      dynamodb: 'MissingAuthenticationTokenException',
    },
    incomplete: {
      message: 'The request signature is incomplete: host, date and every x-amz header must be signed.',
      sts: [400, 'IncompleteSignature'],
      s3: [403, 'AccessDenied'],
      dynamodb: 'IncompleteSignatureException',
    },
    mismatch: {
      message:
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
      sts: [403, 'SignatureDoesNotMatch'],
      s3: [403, 'SignatureDoesNotMatch'],
      dynamodb: 'InvalidSignatureException',
    },
    skewed: {
      message: 'Signature expired or not yet valid: the difference between the request time and the current time is too large.',
      sts: [403, 'SignatureDoesNotMatch'],
      s3: [403, 'RequestTimeTooSkewed'],
      dynamodb: 'InvalidSignatureException',
    },
    'token-invalid': {
      message: 'The security token included in the request is invalid.',
      sts: [403, 'InvalidClientTokenId'],
      s3: [400, 'InvalidToken'],
      dynamodb: 'UnrecognizedClientException',
    },
    'unknown-key': {
      message: 'The security token included in the request is invalid.',
      sts: [403, 'InvalidClientTokenId'],
      s3: [403, 'InvalidAccessKeyId'],
      dynamodb: 'UnrecognizedClientException',
    },
    expired: {
      message: 'The security token included in the request is expired',
      sts: [403, 'ExpiredToken'],
      s3: [400, 'ExpiredToken'],
      dynamodb: 'ExpiredTokenException',
    },
  }
  const { message, sts, s3, dynamodb } = words[fault]
  if (service === 's3') return s3Error(...s3, message, requestId)
  if (service === 'iam') return iamError(...sts, message, requestId)
  if (service === 'kms') return kmsError(400, dynamodb, message, requestId)
  if (service === 'dynamodb') return dynamoError(400, `com.amazon.coral.service#${dynamodb}`, message, requestId)
  return stsError(...sts, message, requestId)
}
