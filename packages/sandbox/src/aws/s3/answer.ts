/** Answers of S3. Source: Amazon S3 API Reference, "Error responses" and the response of each operation. */
import type { Answer } from '../sts.ts'
import { type Node, xml } from '../xml.ts'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

export class S3Error extends Error {
  readonly status: number
  readonly code: string
  /** Elements of the error's document besides its code and message. */
  readonly detail: Readonly<Record<string, Node>>
  readonly headers: Readonly<Record<string, string>>
  constructor(status: number, code: string, message: string, detail: Readonly<Record<string, Node>> = {}, headers = {}) {
    super(message)
    this.status = status
    this.code = code
    this.detail = detail
    this.headers = headers
  }
}

export const errorAnswer = ({ status, code, message, detail, headers }: S3Error, requestId: string): Answer => ({
  status,
  headers: { 'x-amz-request-id': requestId, ...(status === 304 ? {} : { 'content-type': 'application/xml' }), ...headers },
  body: status === 304 ? '' : `${DECLARATION}${xml({ Error: { Code: code, Message: message, ...detail, RequestId: requestId } })}`,
})

/** A call, header or parameter that AWS supports and the sandbox does not. */
export const notImplemented = (message: string, detail: Readonly<Record<string, Node>> = {}): S3Error =>
  new S3Error(501, 'NotImplemented', message, detail)

export const invalidArgument = (message: string, name: string, value: string): S3Error =>
  new S3Error(400, 'InvalidArgument', message, { ArgumentName: name, ArgumentValue: value.slice(0, 200) })

export const malformedXml = (): S3Error =>
  new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema')

/** What an operation answers; `handle.ts` adds the request ID. */
export type Reply = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string | Buffer }

export const reply = (headers: Readonly<Record<string, string>> = {}, body: string | Buffer = '', status = 200): Reply => ({
  status,
  headers,
  body,
})

export const noContent = (): Reply => reply({}, '', 204)

export const document = (root: string, node: Node, headers: Readonly<Record<string, string>> = {}): Reply =>
  reply({ 'content-type': 'application/xml', ...headers }, `${DECLARATION}${xml({ [`${root} xmlns="${NAMESPACE}"`]: node })}`)

/** XML keeps milliseconds, which S3 sets to zero. */
export const isoTime = (at: number): string => new Date(at - (at % 1000)).toISOString()
