/** The functions behind API Gateway other than `vend`: conversion, and an answer for a bug and for a timeout, as a middleware of middy. */
import middy, { type MiddlewareObj } from '@middy/core'
import { hex128 } from '@stint/core/ids'
import { refused } from '@stint/core/outcome'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { type VendReply, type VendRequest, withNosniff } from '../http/message.ts'
import { problemReply } from '../http/problem-reply.ts'
import { inRefusalFormat, refusalFormat } from '../http/refusal-formats.ts'
import type { Deployment } from '../wiring/broker.ts'
import { fromEvent } from './event.ts'

type Runtime = Pick<Deployment, 'log' | 'random'>
/** A reply over HTTP. `cookies`: API Gateway makes a header of each. `base64`: the body is base64 of bytes. */
export type Reply = VendReply & { readonly cookies?: readonly string[]; readonly base64?: true }

/** The time before Lambda's own timeout at which a call is answered, in milliseconds. */
const ANSWER_BEFORE_MS = 300

/** A function behind API Gateway. A bug and a timeout get a problem with a trace, and the log line has the reason. */
export function overHttp(runtime: Runtime, answer: (request: VendRequest) => Promise<Reply>) {
  // An instance answers one call at a time.
  let current: VendRequest | undefined
  const failed = (reason: string): APIGatewayProxyStructuredResultV2 => {
    const trace = hex128(runtime.random)
    runtime.log({ level: 'error', trace, error: reason })
    const reply = problemReply(refused('internal', 'Stint failed with an internal error.'), trace)
    return toGateway(withNosniff(inRefusalFormat(reply, () => current && refusalFormat(current))))
  }
  const timeout = {
    timeoutEarlyInMillis: ANSWER_BEFORE_MS,
    timeoutEarlyResponse: () => failed('the call took too long'),
  }
  const problems: MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> = {
    onError(request) {
      request.response = failed(request.error?.stack ?? String(request.error))
    },
  }
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>(timeout)
    .use(problems)
    .handler(async (event) => {
      // If the event cannot be read, the format that an earlier call wanted must not count.
      current = undefined
      current = fromEvent(event)
      return toGateway(await answer(current))
    })
}

const toGateway = ({ status, headers, body, cookies = [], base64 }: Reply): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: { ...headers },
  ...(cookies.length > 0 ? { cookies: [...cookies] } : {}),
  body,
  isBase64Encoded: base64 === true,
})
