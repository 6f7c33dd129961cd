/** Operations of a service that speaks AWS's JSON protocol, over Stint's own wire. */
import { brief } from '@stint/core/audit/event'
import { isObject } from '@stint/core/json'
import { Trouble } from '../../ports/log.ts'
import type { Wire } from './exchange.ts'
import { ServiceFault } from './fault.ts'

const ANSWER_MS = 10_000

/**
 * Throws `Trouble` unless the service did what was asked. `isAnswer`: names of errors that say something, which are thrown as they are.
 */
export const jsonCalls =
  ({ post }: Pick<Wire, 'post'>, target: string, isAnswer: (name: string) => boolean = () => false) =>
  async (operation: string, input: object): Promise<Record<string, unknown>> => {
    const sent = await post(
      { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `${target}.${operation}` },
      JSON.stringify(input),
      ANSWER_MS,
    ).catch((error: Error) => {
      throw new Trouble(`${operation}: ${brief(error.message)}`)
    })
    const answer = parsed(sent.body)
    if (sent.status === 200) return answer
    const name = String(answer.__type ?? 'UnknownError').replace(/^.*#/, '')
    if (sent.status === 400 && isAnswer(name)) throw new ServiceFault(name, '', sent.status, {})
    throw new Trouble(`${operation}: ${brief(name)}`)
  }

function parsed(body: string): Record<string, unknown> {
  try {
    const value: unknown = body === '' ? {} : JSON.parse(body)
    if (isObject(value)) return value
  } catch {
    // Below.
  }
  throw new Trouble('the response is not a JSON object')
}
