/**
 * One port that simulates AWS: identifies the signer, verifies the keys, and selects the service. The service is in the scope of
 * the signature; AWS selects it by host name.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody, readUpTo } from '../guard.ts'
import { type Call, newRequestId } from './authorize.ts'
import { type CloudTrail, cloudTrail } from './cloudtrail.ts'
import { consoleSignIn } from './console.ts'
import type { Dynamo } from './dynamodb.ts'
import { type Fault, faultAnswer } from './faults.ts'
import { handleIam } from './iam/handle.ts'
import { handleKms } from './kms.ts'
import { type Recordings, trim } from './recordings.ts'
import { handleS3, MAX_S3_BYTES, tooLargeAnswer } from './s3/handle.ts'
import { isSignatureParameter, type SignedRequest, unverifiedClaim, verify } from './sigv4.ts'
import { handleSqs } from './sqs.ts'
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

type AwsServerOptions = { readonly intercept?: Interceptor | undefined; readonly recordings?: Recordings }

export function awsServer(
  world: World,
  dynamo: Dynamo,
  { intercept = (_service, _action, next) => next(), recordings = 'bounded' }: AwsServerOptions = {},
): AwsServer {
  const trail = cloudTrail(world)
  const federationEndpoint = consoleSignIn(world)
  const calls: { service: string; action: string; status: number; at: number }[] = []

  async function answer(sent: SignedRequest, service: string, sourceIp: string): Promise<{ answer: Answer | 'drop'; action: string }> {
    const request = asForm({ ...sent, url: world.playedIp === undefined ? sent.url : sent.url.replace(FROM, '/') }, service)
    const requestId = newRequestId()
    const action = actionOf(service, request)
    const refuse = (fault: Fault) => ({ answer: faultAnswer(service, fault, requestId, sent.method), action })
    if (service === 'sts' && isUnsigned(request.body)) {
      const call = { now: world.clock(), sourceIp, requestId }
      const next = async (): Promise<Answer> => {
        const done = await handleUnsigned(world, call, request.body)
        trail.noteWebIdentity(call, request, done)
        return done
      }
      return { answer: await intercept(service, action, next, request), action }
    }
    const claimed = unverifiedClaim(sent)
    if ('fault' in claimed) return refuse(claimed.fault)
    const { claim } = claimed
    if (service === 's3' && sent.body.length > MAX_S3_BYTES) return { answer: tooLargeAnswer(requestId), action }

    const identity = world.identities.get(claim.accessKeyId)
    if (!identity) return refuse({ kind: 'unknown-key' })
    const now = world.clock()
    const checked = verify(sent, claim, identity.key, now)
    if ('fault' in checked) return refuse(checked.fault)
    const session = identity.grant ?? identity.userSession
    if (session && now >= session.expiresAt) return refuse({ kind: 'expired' })
    // AWS IAM User Guide, "Request temporary security credentials": without MFA, a session of GetSessionToken cannot call IAM.
    if (service === 'iam' && identity.userSession && identity.userSession.mfaAt === undefined) return refuse({ kind: 'token-invalid' })

    if (identity.grant) identity.grant.role.lastUsed = { at: now, region: claim.region }
    const call: Call = { identity, now, sourceIp, requestId }
    const handle = async (): Promise<Answer> => {
      if (service === 'sts') return handleSts(world, call, request.body)
      if (service === 'iam') return handleIam(world, call, request.body)
      if (service === 's3') return handleS3(world, call, request, checked.verified)
      if (service === 'kms') return handleKms(world, call, String(request.headers['x-amz-target'] ?? ''), request.body)
      if (service === 'sqs') return handleSqs(world, call, String(request.headers['x-amz-target'] ?? ''), request.body)
      if (service === 'dynamodb') return dynamo.handle(world, call, String(request.headers['x-amz-target'] ?? ''), request.body)
      return stsError(400, 'InvalidAction', `The sandbox does not support ${service}.`, requestId)
    }
    // CloudTrail records what AWS did, even if a test changes the answer.
    const next = async (): Promise<Answer> => {
      const done = await handle()
      trail.note(service, call, request, done)
      return done
    }
    return { answer: await intercept(service, action, next, request), action }
  }

  return {
    trail,
    calls,
    async handle(request, response) {
      // Public, so the request is not signed.
      const document = request.method === 'GET' ? world.outbound.document(request.url ?? '') : undefined
      if (document) return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
      const [pathname = '/', query = ''] = (request.url ?? '/').split('?')
      // Not signed either: the credentials are in the form.
      if (pathname === '/federation' && request.headers.authorization === undefined) {
        const form =
          request.method === 'POST' ? new URLSearchParams((await readBody(request)).toString('utf8')) : new URLSearchParams(query)
        const page = federationEndpoint.answer(form)
        return void response.writeHead(page.status, { 'content-type': page.type, 'cache-control': 'no-store' }).end(page.body)
      }
      const service = serviceOf({ url: request.url ?? '/', headers: request.headers })
      // S3 answers a body that is too large itself.
      const body = service === 's3' ? await readUpTo(request, MAX_S3_BYTES) : await readBody(request)
      const signed: SignedRequest = { method: request.method ?? 'GET', url: request.url ?? '/', headers: request.headers, body }
      const { answer: result, action } = await answer(signed, service, sourceIpOf(world, signed, request.socket.remoteAddress ?? ''))
      calls.push({ service, action, status: result === 'drop' ? 0 : result.status, at: world.clock() })
      trim(calls, 'calls', recordings)
      if (result === 'drop') return void request.socket.destroy()
      response.writeHead(result.status, { ...result.headers, date: new Date(world.clock()).toUTCString() })
      response.end(request.method === 'HEAD' ? undefined : result.body)
    },
  }
}

/** `/from/IP`: a prefix of the endpoint's path that sets the caller's address, if the sandbox simulates one. */
const FROM = /^\/from\/([0-9a-fA-F.:]+)(?:\/|$)/

const sourceIpOf = ({ playedIp }: World, { url }: SignedRequest, own: string): string =>
  playedIp === undefined ? own : (FROM.exec(url)?.[1] ?? playedIp)

/** The service in the scope of the signature. Without one: by the headers that only one service has. */
function serviceOf(request: Pick<SignedRequest, 'url' | 'headers'>): string {
  const claimed = unverifiedClaim(request)
  if ('claim' in claimed) return claimed.claim.service
  const { headers, url } = request
  const isJson = String(headers['content-type']).startsWith('application/x-amz-json')
  if (isJson || headers['x-amz-target']) {
    const target = String(headers['x-amz-target'])
    return target.startsWith('TrentService.') ? 'kms' : target.startsWith('AmazonSQS.') ? 'sqs' : 'dynamodb'
  }
  const isQuery = String(headers['content-type']).startsWith('application/x-www-form-urlencoded') || /[?&]Action=\w+/.test(url)
  return isQuery ? 'sts' : 's3'
}

/**
 * The services of the Query protocol take their parameters in the body or, as presigned requests do, in the query. From here on they
 * are in the body.
 */
function asForm(request: SignedRequest, service: string): SignedRequest {
  const at = request.url.indexOf('?')
  if ((service !== 'sts' && service !== 'iam') || at < 0) return request
  const parameters = [...new URLSearchParams(request.url.slice(at + 1))].filter(([name]) => !isSignatureParameter(name))
  const query = new URLSearchParams(parameters.map(([name, value]) => [name, value])).toString()
  return { ...request, body: Buffer.concat([Buffer.from(query), Buffer.from(query && request.body.length > 0 ? '&' : ''), request.body]) }
}

function actionOf(service: string, { method, headers, body }: SignedRequest): string {
  if (service === 'dynamodb' || service === 'kms' || service === 'sqs') return String(headers['x-amz-target'] ?? '').replace(/^.*\./, '')
  if (service === 'sts' || service === 'iam') return new URLSearchParams(body.toString('utf8')).get('Action') ?? ''
  return method
}
