/**
 * The policy of a role that denies ended sessions, over Stint's own wire, in AWS's Query protocol. What IAM refused did not happen; after
 * anything else the outcome is unknown. Source: AWS IAM API Reference, PutRolePolicy and GetRolePolicy, "Errors"; "Common Errors".
 */
import { brief } from '@stint/core/audit/event'
import { done, type Unknown } from '@stint/core/outcome'
import { END_POLICY_NAME } from '@stint/core/request/immediate-end'
import type { RolePolicy, RolePolicyRefused } from '../../ports/immediate-ends.ts'
import type { Wire } from './exchange.ts'
import { queryForm } from './query-form.ts'
import { readXml } from './xml.ts'

const VERSION = '2010-05-08'
const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/'
/** One call and its complete response. IAM usually takes well below a second. */
const ANSWER_MS = 5000

/** What each error of IAM means here. Every other one says nothing about what IAM did. */
const reasons: ReadonlyMap<string, RolePolicyRefused['reason']> = new Map([
  ['Throttling', 'throttled'],
  ['ThrottlingException', 'throttled'],
  ['RequestLimitExceeded', 'throttled'],
  ['ConcurrentModification', 'throttled'],
  ['EntityTemporarilyUnmodifiable', 'throttled'],
  ['AccessDenied', 'denied'],
  ['ExpiredToken', 'denied'],
  ['InvalidClientTokenId', 'denied'],
  ['SignatureDoesNotMatch', 'denied'],
  ['LimitExceeded', 'full'],
  ['NoSuchEntity', 'gone'],
  ['MalformedPolicyDocument', 'invalid'],
  ['UnmodifiableEntity', 'denied'],
  ['ValidationError', 'invalid'],
])

export function rolePolicy(iam: Pick<Wire, 'post'>, RoleName: string): RolePolicy {
  async function call(
    action: string,
    fields: Parameters<typeof queryForm>[2],
  ): Promise<{ readonly outcome: 'answer'; readonly text: (path: string) => string | undefined } | RolePolicyRefused | Unknown> {
    const form = queryForm(action, VERSION, [['RoleName', RoleName], ['PolicyName', END_POLICY_NAME], ...fields])
    try {
      const { status, body } = await iam.post({ 'content-type': 'application/x-www-form-urlencoded' }, form, ANSWER_MS)
      const { root, namespace, text } = readXml(body)
      if (namespace !== NAMESPACE) throw new Error('the response is not from IAM')
      if (status === 200 && root === `${action}Response`) return { outcome: 'answer', text }
      const code = root === 'ErrorResponse' && status >= 400 && status < 500 ? text('ErrorResponse/Error/Code') : undefined
      const cause = `${action}: ${brief(`${code ?? `status ${status}`} ${text('ErrorResponse/Error/Message') ?? ''}`.trim(), 240)}`
      const reason = code === undefined ? undefined : reasons.get(code)
      return reason ? { outcome: 'refused', reason, cause } : { outcome: 'unknown', cause }
    } catch (error) {
      return { outcome: 'unknown', cause: `${action}: ${brief((error as Error).message, 240)}` }
    }
  }

  return {
    async put(document) {
      const answer = await call('PutRolePolicy', [['PolicyDocument', document]])
      return answer.outcome === 'answer' ? done(true) : answer
    },

    async get() {
      const answer = await call('GetRolePolicy', [])
      if (answer.outcome === 'refused' && answer.reason === 'gone') return done(undefined)
      if (answer.outcome !== 'answer') return answer
      try {
        const result = (name: string) => answer.text(`GetRolePolicyResponse/GetRolePolicyResult/${name}`)
        const document = result('PolicyDocument')
        if (result('RoleName') !== RoleName || result('PolicyName') !== END_POLICY_NAME || document === undefined)
          throw new Error('the response is about a different policy')
        // RFC 3986, as IAM returns documents.
        return done(decodeURIComponent(document))
      } catch (error) {
        return { outcome: 'unknown', cause: `GetRolePolicy: ${brief((error as Error).message, 240)}` }
      }
    },
  }
}
