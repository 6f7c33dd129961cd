/**
 * IAM as values: the one inline policy of each role that denies ended sessions, in AWS's Query protocol. A read can be older than the last
 * write (IAM User Guide, "Changes that I make are not always immediately visible"). Only a role's revoker may call it, within the session
 * policy that it was assumed with. Sources: AWS IAM API Reference, PutRolePolicy and GetRolePolicy; "IAM and AWS STS quotas".
 */
import { roleName } from '@stint/core/config/revoker'
import { END_POLICY_NAME } from '@stint/core/request/immediate-end'
import type { Http, MadeSession } from './sts.ts'
import type { Dice } from './world.ts'

type Version = { readonly document: string; readonly at: number }
/** `before`: the policy that this one replaced. */
export type PolicyPut = { readonly roleArn: string; readonly document: string; readonly before: string | undefined }

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/'
const MAX_INLINE_CHARACTERS = 10_240
const END = '<ResponseMetadata><RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId></ResponseMetadata>'

export class Iam {
  readonly #roles = new Map<string, Version[]>()
  onPut: (put: PolicyPut) => void = () => {}
  onGet: (roleArn: string, document: string) => void = () => {}
  /** Called with the session that makes a call. */
  onCaller: (caller: MadeSession) => void = () => {}
  /** Called if a read is older than the last write. */
  onOlder: () => void = () => {}

  /** The policy of a role as of the last write; undefined if it has none. */
  document(roleArn: string): string | undefined {
    return this.#roles.get(roleArn)?.at(-1)?.document
  }
  put(roleArn: string, document: string, at: number): void {
    const put = { roleArn, document, before: this.document(roleArn) }
    this.#roles.set(roleArn, [...(this.#roles.get(roleArn) ?? []), { document, at }])
    this.onPut(put)
  }
  /** `lagMs`: how much older than now a read is. */
  #read(roleArn: string, now: number, lagMs: number): string | undefined {
    const versions = this.#roles.get(roleArn) ?? []
    const found = versions.findLast(({ at }) => at <= now - lagMs)
    if (found !== versions.at(-1)) this.onOlder()
    return found?.document
  }

  /** One call of the session that is the caller. */
  call(body: string, caller: MadeSession | undefined, revoked: string, now: number, lagMs: number): Http {
    const form = Object.fromEntries(new URLSearchParams(body))
    const { Action = '', RoleName = '', PolicyName = '' } = form
    if (caller) this.onCaller(caller)
    if (!caller || now > caller.at + Number(caller.form.DurationSeconds) * 1000) return iamError(403, 'ExpiredToken')
    const [allowed] = (JSON.parse(caller.form.Policy ?? '{}').Statement ?? []) as { Action: string[]; Resource: string }[]
    if (RoleName !== roleName(revoked) || allowed?.Resource !== revoked || !allowed.Action.includes(`iam:${Action}`))
      return iamError(403, 'AccessDenied')
    if (PolicyName !== END_POLICY_NAME) return iamError(403, 'AccessDenied')
    if (Action === 'PutRolePolicy') {
      const document = form.PolicyDocument ?? ''
      if (document.replace(/\s/g, '').length > MAX_INLINE_CHARACTERS) return iamError(409, 'LimitExceeded')
      this.put(revoked, document, now)
      return answer(`<PutRolePolicyResponse xmlns="${NAMESPACE}">${END}</PutRolePolicyResponse>`)
    }
    const document = this.#read(revoked, now, lagMs)
    if (document === undefined) return iamError(404, 'NoSuchEntity')
    this.onGet(revoked, document)
    return answer(
      `<GetRolePolicyResponse xmlns="${NAMESPACE}"><GetRolePolicyResult><RoleName>${RoleName}</RoleName><PolicyName>${PolicyName}</PolicyName><PolicyDocument>${encodeURIComponent(document)}</PolicyDocument></GetRolePolicyResult>${END}</GetRolePolicyResponse>`,
    )
  }
}

const answer = (body: string, status = 200): Http => ({ status, headers: {}, body })

export const iamError = (status: number, code: string): Http =>
  answer(
    `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>Refused</Message></Error><RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId></ErrorResponse>`,
    status,
  )

/** An answer in the form of IAM that is not the answer to this call. */
export function otherIamAnswer({ body, ...http }: Http, dice: Dice): Http {
  const changes: readonly (readonly [string | RegExp, string])[] = [
    [/<RoleName>[^<]*/, '<RoleName>Admin'],
    [/<PolicyName>[^<]*/, '<PolicyName>another'],
    [/<PolicyDocument>[^<]*/, `<PolicyDocument>${encodeURIComponent('{"Version":"2012-10-17","Statement":[]}')}`],
    [/<PolicyDocument>[^<]{9}/, '<PolicyDocument>'],
    [/(Get|Put)RolePolicy/g, 'DeleteRolePolicy'],
    [/<ResponseMetadata>.*/, ''],
    [/^.*$/s, '<html>Service unavailable</html>'],
  ]
  const [from, to] = dice.pick(changes)
  return { ...http, body: body.replace(from, to) }
}
