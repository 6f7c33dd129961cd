/**
 * Converts API Gateway HTTP API events, payload format 2.0, to and from plain values. Source: API Gateway Developer Guide, "Create AWS
 * Lambda proxy integrations for HTTP APIs".
 */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { VendRequest } from '../http/message.ts'
import { handleVend } from '../http/vend.ts'
import type { Broker } from '../ports/broker.ts'

export function fromEvent(event: APIGatewayProxyEventV2): VendRequest {
  const { http, stage } = event.requestContext
  return {
    method: http.method,
    path: withoutStage(event.rawPath, stage),
    query: event.rawQueryString,
    headers: new Map<string, readonly string[]>([
      ...Object.entries(event.headers).flatMap(([name, value]): [string, readonly string[]][] =>
        value === undefined ? [] : [[name.toLowerCase(), valuesOf(name, value)]],
      ),
      // Format 2.0 moves cookies out of the headers.
      ...(event.cookies ? [['cookie', [event.cookies.join('; ')]] as [string, readonly string[]]] : []),
    ]),
    // API Gateway delivers a body that it does not treat as text in base64.
    body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
    sourceIp: http.sourceIp,
  }
}

/** `rawPath` begins with the stage, except for the default stage. */
const withoutStage = (path: string, stage: string): string =>
  stage !== '$default' && path.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path

/** API Gateway joins repeated headers with a comma. No token or media type used here contains one, so a comma means two headers. */
const valuesOf = (name: string, value: string): readonly string[] =>
  ['authorization', 'content-type'].includes(name.toLowerCase()) ? value.split(',').map((part) => part.trim()) : [value]

/** `vend`, mounted on API Gateway. */
export async function vendEvent(broker: Broker, event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const { status, headers, body } = await handleVend(broker, fromEvent(event))
  return { statusCode: status, headers: { ...headers }, body, isBase64Encoded: false }
}
