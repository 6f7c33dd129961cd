/**
 * Lambda as a bundle sees it: a Runtime API to ask for events, and API Gateway's way of writing a request as an event.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { sha256 } from '@stint/core/digest'
import type { Sandbox } from '@stint/sandbox'
import { streamArn } from '@stint/sandbox/aws/dynamodb-streams'
import { BROKER_ACCOUNT, type BrokerRole, brokerKey, buckets, LOG_KEY, tables } from '@stint/sandbox/aws/world'
import { type FaultIn, faultIn } from './api-document.ts'
import { compileCache } from './compile-cache.ts'
import type { Raw } from './http.ts'

const BOOTSTRAP = fileURLToPath(new URL('./lambda-bootstrap.cjs', import.meta.url))

export type Result = {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: string
  readonly cookies?: readonly string[]
  readonly isBase64Encoded?: boolean
}
export type Lambda = { readonly invoke: (event: object) => Promise<Result>; readonly output: () => string; readonly close: () => void }

/** What Lambda itself gives a function of this role, on the sandbox's AWS. */
export function lambdaEnvironment(sandbox: Pick<Sandbox, 'aws' | 'urls'>, role: BrokerRole): Record<string, string> {
  const key = brokerKey(sandbox.aws.world, role)
  return {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_SESSION_TOKEN: key.sessionToken,
    ...Object.fromEntries(
      ['STS', 'DYNAMODB', 'DYNAMODB_STREAMS', 'S3', 'KMS', 'SQS', 'IAM'].map((service) => [
        `AWS_ENDPOINT_URL_${service}`,
        sandbox.urls.aws,
      ]),
    ),
  }
}

/** All that a deployment sets for any of its functions, with the sandbox's tables, buckets, queues and secrets. */
export function functionEnvironment(sandbox: Sandbox, role: BrokerRole): Record<string, string> {
  const [deadLetters, ends] = sandbox.aws.world.queues
  return {
    ...lambdaEnvironment(sandbox, role),
    STINT_LOG_BUCKET: buckets.log,
    STINT_EVENTS_BUCKET: buckets.events,
    STINT_LOG_KEY: LOG_KEY,
    STINT_LOG_VKEY: sandbox.logVkey,
    STINT_STREAM: streamArn(tables.story, 'eu-central-1', BROKER_ACCOUNT),
    STINT_DEAD_LETTERS: deadLetters?.url ?? '',
    STINT_END_QUEUE: ends?.url ?? '',
    STINT_TABLE: tables.story,
    STINT_SIDE_TABLE: tables.side,
    STINT_URL: sandbox.urls.broker,
    // The sandbox's own, so that a browser session goes on with the function.
    STINT_WEB_KEY: Buffer.from(sha256(`web ${sandbox.secret}`)).toString('base64url'),
    STINT_SIGN_IN_SECRETS: JSON.stringify({ people: sandbox.secret }),
    STINT_DIRECTORY_TOKENS: JSON.stringify({ people: sandbox.secret }),
    STINT_SLACK_TOKEN: sandbox.slack?.botToken ?? '',
    STINT_SLACK_SIGNING_SECRETS: sandbox.slack?.signingSecret ?? '',
    STINT_SLACK_API: `${sandbox.urls.slack}/api/`,
    STINT_SLACK_RESPONSE_HOST: new URL(sandbox.urls.slack).host,
  }
}

/**
 * `now`: the clock of the function. Absent: the machine's. `seconds`: the function's timeout. `apiFault`: holds its
 * answers to an API document. Absent: to the document of this code.
 */
export async function startLambda(
  bundle: string,
  env: Record<string, string>,
  {
    now = Date.now,
    seconds = 10,
    apiFault = faultIn,
  }: { readonly now?: () => number; readonly seconds?: number; readonly apiFault?: FaultIn } = {},
): Promise<Lambda> {
  const events: { id: string; text: string }[] = []
  const answers = new Map<string, { resolve: (result: Result) => void; reject: (error: Error) => void }>()
  let waiting: ServerResponse | undefined
  let serial = 0
  let initError: Error | undefined

  const hand = () => {
    const event = waiting && events.shift()
    if (!event || !waiting) return
    waiting
      .writeHead(200, {
        'lambda-runtime-aws-request-id': event.id,
        'lambda-runtime-deadline-ms': String(now() + seconds * 1000),
        'stint-test-ahead-ms': String(now() - Date.now()),
      })
      .end(event.text)
    waiting = undefined
  }
  const server = createServer((request, response) => {
    if (request.url?.endsWith('/invocation/next')) {
      waiting = response
      return hand()
    }
    let body = ''
    request.on('data', (part) => void (body += part))
    request.on('end', () => {
      response.writeHead(202).end()
      const [, id = '', kind] = /\/invocation\/([^/]+)\/(response|error)$/.exec(request.url ?? '') ?? []
      if (kind === 'response') return answers.get(id)?.resolve(JSON.parse(body) as Result)
      const error = new Error(`the function failed: ${body}`)
      if (kind === 'error') return answers.get(id)?.reject(error)
      initError = error
      for (const { reject } of answers.values()) reject(error)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  let output = ''
  const child: ChildProcess = spawn(process.execPath, [BOOTSTRAP], {
    env: {
      ...compileCache,
      ...env,
      STINT_BUNDLE: bundle,
      STINT_TEST_AHEAD_MS: String(now() - Date.now()),
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout?.on('data', (part) => void (output += part))
  child.stderr?.on('data', (part) => void (output += part))

  return {
    invoke: (event) =>
      new Promise((resolve, reject) => {
        if (initError) return reject(initError)
        const id = `invocation-${++serial}`
        // Each answer over HTTP must be one that the API document describes.
        const settle = (result: Result) => {
          const fault = faultOver(apiFault, event, result)
          if (fault === undefined) resolve(result)
          else reject(new Error(fault))
        }
        answers.set(id, { resolve: settle, reject })
        events.push({ id, text: JSON.stringify(event) })
        hand()
      }),
    output: () => output,
    close() {
      child.kill('SIGKILL')
      server.close()
      server.closeAllConnections()
    },
  }
}

type HttpEvent = {
  readonly requestContext?: { readonly http?: { readonly method: string }; readonly stage?: string }
  readonly rawPath?: string
}

function faultOver(apiFault: FaultIn, event: object, { statusCode, headers, body, isBase64Encoded }: Result): string | undefined {
  const { requestContext, rawPath = '' } = event as HttpEvent
  if (!requestContext?.http) return undefined
  const { http, stage = '$default' } = requestContext
  const url = stage === '$default' ? rawPath : rawPath.slice(stage.length + 1)
  return apiFault({ method: http.method, url, status: statusCode, headers, body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') })
}

/** What API Gateway passes on as text; all else, a missing type included, goes in base64. */
const isText = (type: string): boolean => /^(text\/|application\/(json|xml|javascript))/.test(type)

export function gatewayEvent({ method = 'GET', path, headers = [], body }: Raw, stage = '$default'): object {
  const joined: Record<string, string> = {}
  for (let index = 0; index < headers.length; index += 2) {
    const name = String(headers[index]).toLowerCase()
    joined[name] = joined[name] === undefined ? String(headers[index + 1]) : `${joined[name]},${headers[index + 1]}`
  }
  const [plain = '', query = ''] = path.split('?')
  const bytes = body === undefined ? undefined : Buffer.from(body as string)
  const text = isText(joined['content-type'] ?? '')
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: stage === '$default' ? plain : `/${stage}${plain}`,
    rawQueryString: query,
    headers: { host: 'stint.example', 'x-forwarded-for': '203.0.113.99', ...joined },
    requestContext: {
      accountId: '123456789012',
      apiId: 'api',
      domainName: 'stint.example',
      domainPrefix: 'stint',
      http: { method, path: plain, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      requestId: 'id',
      routeKey: '$default',
      stage,
      time: '',
      timeEpoch: 0,
    },
    ...(bytes === undefined ? {} : { body: text ? bytes.toString('utf8') : bytes.toString('base64') }),
    isBase64Encoded: bytes !== undefined && !text,
  }
}
