/**
 * Holds every answer of the broker to openapi.json: status, media type and schema. The sandbox and the Lambda stand-in of the tests pass
 * each answer through here, whoever asked for it, so an answer that the document does not describe fails the test file.
 */
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { findRoute, type Route } from '@stint/broker/http/routes'
import type { WatchBroker } from '@stint/sandbox'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

export type BrokerAnswer = {
  readonly method: string
  /** The path with its query, as it was sent. */
  readonly url: string
  readonly status: number
  readonly headers: { readonly [name: string]: unknown }
  readonly body: Buffer
}

type Held = { readonly document: any; readonly ajv: Ajv2020; readonly compiled: Map<string, ValidateFunction> }

function held(file: string): Held {
  const document = JSON.parse(readFileSync(file, 'utf8'))
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(document, 'openapi')
  return { document, ajv, compiled: new Map() }
}

const pointer = (path: readonly string[]): string =>
  `openapi#/${path.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`

function validatorAt({ ajv, compiled }: Held, path: readonly string[]): ValidateFunction {
  const $ref = pointer(path)
  const validate = compiled.get($ref) ?? ajv.compile({ $ref })
  compiled.set($ref, validate)
  return validate
}

/** Why a document does not describe the answer; undefined if it does. */
export type FaultIn = (answer: BrokerAnswer) => string | undefined

/** Holds answers to the document in this file. */
export function heldTo(file: string): FaultIn {
  const to = held(file)
  return (answer) => faultOf(to, answer)
}
export const faultIn: FaultIn = heldTo(fileURLToPath(new URL('../../packages/broker/openapi.json', import.meta.url)))

function faultOf(to: Held, answer: BrokerAnswer): string | undefined {
  const { method, url, status } = answer
  const path = url.split('?')[0] ?? ''
  const found: Route | undefined = findRoute(path)?.route
  // A release does not have the routes that came after it.
  const route = found && to.document.paths[found.path] ? found : undefined
  const media = String(answer.headers['content-type'] ?? '').split(';')[0] ?? ''
  const fault = (what: string) => `${method} ${route?.path ?? path} ${status}: ${what}`
  if (answer.headers['x-content-type-options'] !== 'nosniff') return fault('no x-content-type-options')
  const name = method === 'HEAD' && route?.methods.GET === 'api' ? 'get' : method.toLowerCase()
  const operation = route && to.document.paths[route.path]?.[name]
  // Of CORS, which the document does not describe.
  if (!operation && method === 'OPTIONS' && status === 204) return answer.body.length === 0 ? undefined : fault('a body')
  // No operation describes a route that does not exist, or a method that a route does not have.
  if (!operation) {
    if (status !== (route ? 405 : 404) && !(status === 500)) return fault('only 404 and 405 are answers without an operation')
    // A browser gets a page.
    if (!route && media === 'text/html') return undefined
    return method === 'HEAD' || media === 'text/plain' ? undefined : schemaFault(to, answer, ['components', 'schemas', 'Problem'], fault)
  }
  const response = operation.responses[status]
  if (!response) return fault('the status is not described')
  if (method === 'HEAD') return undefined
  if (!response.content) return answer.body.length === 0 ? undefined : fault('a body is not described')
  // OpenAPI cannot say that a body may be absent, so the description says it.
  if (answer.body.length === 0 && /^Empty, or/.test(response.description)) return undefined
  if (!response.content[media]) return fault(`the media type ${media || 'none'} is not described`)
  if (!media.includes('json')) return undefined
  return schemaFault(to, answer, ['paths', (route as Route).path, name, 'responses', String(status), 'content', media, 'schema'], fault)
}

function schemaFault(to: Held, { body }: BrokerAnswer, at: readonly string[], fault: (what: string) => string): string | undefined {
  const validate = validatorAt(to, at)
  const text = body.toString('utf8')
  const shown = text.slice(0, 300)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return fault(`the body is not JSON: ${shown}`)
  }
  return validate(value) ? undefined : fault(`${to.ajv.errorsText(validate.errors)}: ${shown}`)
}

/** Sees each answer that a handler of node:http sends. */
export const watching =
  (check: (answer: BrokerAnswer) => void): WatchBroker =>
  (handle) =>
  (request, response) => {
    const parts: Buffer[] = []
    const keep = (chunk: unknown) => {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) parts.push(Buffer.from(chunk as string))
    }
    const { write, end } = response
    response.write = ((...given: Parameters<typeof write>) => {
      keep(given[0])
      return write.apply(response, given)
    }) as typeof write
    response.end = ((...given: Parameters<typeof end>) => {
      keep(given[0])
      const { method = 'GET', url = '/' } = request
      check({ method, url, status: response.statusCode, headers: headersOf(response), body: Buffer.concat(parts) })
      return end.apply(response, given)
    }) as typeof end
    return handle(request, response)
  }

/** `writeHead` with an object keeps its headers to itself: they are in the head that is about to be sent. */
function headersOf(response: ServerResponse): BrokerAnswer['headers'] {
  const head = String((response as unknown as { readonly _header?: string })._header ?? '')
  const sent = head.split('\r\n').flatMap((line): [string, string][] => {
    const colon = line.indexOf(': ')
    return colon < 0 ? [] : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 2)]]
  })
  return { ...response.getHeaders(), ...Object.fromEntries(sent) }
}

const MOST_SHOWN = 20

/** Collects the answers that the document does not describe. */
export function apiFaults() {
  const faults: string[] = []
  let count = 0
  return {
    check(answer: BrokerAnswer): void {
      const fault = faultIn(answer)
      if (fault === undefined) return
      count += 1
      if (faults.length < MOST_SHOWN) faults.push(fault)
    },
    /** Throws if there were any. */
    settle(): void {
      if (count > 0) throw new Error(`openapi.json does not describe ${count} answers:\n${faults.join('\n')}`)
    },
  }
}
