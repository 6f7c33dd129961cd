/** The reply to a refused call. Apart from message.ts, because the texts of all problems come with it: `vend` loads it when it first refuses. */
import type { Refused } from '@stint/core/outcome'
import { type Problem, problem, problemHeaders } from '@stint/core/problem-body'
import type { VendReply } from './message.ts'

export function problemReply(refusal: Refused, trace: string, hint?: string): VendReply {
  const body: Problem = problem(refusal, trace, hint)
  return {
    status: body.status,
    headers: { ...problemHeaders(refusal), 'stint-trace': trace },
    body: JSON.stringify(body),
  }
}
