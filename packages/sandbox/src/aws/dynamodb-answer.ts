/** The format of DynamoDB's JSON responses and errors. */
import type { Answer } from './sts.ts'

export type Attributes = Record<string, Record<string, unknown>>

export const CONTENT_TYPE = 'application/x-amz-json-1.0'

export const dynamoError = (status: number, type: string, message: string, requestId: string): Answer => ({
  status,
  headers: { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': requestId },
  body: JSON.stringify({ __type: type, message }),
})
