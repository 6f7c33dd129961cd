/**
 * The formats in which credentials are returned. Sources: AWS CLI User Guide, "Sourcing credentials with an external process"; AWS SDKs and
 * Tools Reference Guide, "Container credential provider".
 */
import { defined } from '@stint/core/defined'
import { toIsoSeconds } from '@stint/core/instant'
import { exportCode } from '@stint/core/shell'
import type { Vended } from '../vend/vend.ts'
import type { Format } from './request-schemas.ts'
import type { Answer, sessionAnswer as schema } from './response-schemas.ts'

export type Rendered = { readonly type: string; readonly body: string }

const json = (value: unknown): Rendered => ({ type: 'application/json', body: JSON.stringify(value) })

export function render(format: Exclude<Format, 'console'>, vended: Vended): Rendered {
  switch (format) {
    case 'json':
      return json(sessionAnswer(vended))
    case 'env':
      return { type: 'text/plain; charset=utf-8', body: environment(vended) }
    case 'process': {
      const { accessKeyId, secretAccessKey, sessionToken } = vended.assumed.credentials
      return json({
        Version: 1,
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        SessionToken: sessionToken,
        Expiration: toIsoSeconds(vended.expiration),
        AccountId: vended.scope.target.account,
      })
    }
    case 'container':
      return json(container(vended))
  }
}

/** Exactly the four properties that every SDK reads. */
export const container = ({ assumed: { credentials }, expiration }: Vended) => ({
  AccessKeyId: credentials.accessKeyId,
  SecretAccessKey: credentials.secretAccessKey,
  Token: credentials.sessionToken,
  Expiration: toIsoSeconds(expiration),
})

/** Everything about a session except its secrets. */
export function sessionFacts({
  session,
  request,
  scope,
  assumed,
  sessionName,
  issuedAt,
}: Vended): Omit<Answer<typeof schema>, 'credentials'> {
  return {
    id: session,
    requestId: request,
    profile: scope.terms.profile,
    account: scope.target.account,
    region: scope.target.region,
    roleArn: scope.terms.role,
    assumedRoleArn: assumed.assumedRoleArn,
    ...defined({ sourceIdentity: scope.terms.sourceIdentity }),
    sessionName,
    tags: Object.fromEntries(
      [...scope.terms.tags, ...scope.passingTags, { key: 'stint:session', value: session }].map(({ key, value }) => [key, value]),
    ),
    packedPolicySize: assumed.packedPolicySize,
    issuedAt: toIsoSeconds(issuedAt),
  }
}

function sessionAnswer(vended: Vended): Answer<typeof schema> {
  const { accessKeyId, secretAccessKey, sessionToken } = vended.assumed.credentials
  return {
    ...sessionFacts(vended),
    credentials: { accessKeyId, secretAccessKey, sessionToken, expiration: toIsoSeconds(vended.expiration) },
  }
}

/** For `eval` in a POSIX shell. `stint.sh` accepts only lines of this form, so there are no others. */
function environment({ assumed: { credentials }, expiration, scope }: Vended): string {
  const variables = {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_CREDENTIAL_EXPIRATION: toIsoSeconds(expiration),
    AWS_REGION: scope.target.region,
    AWS_DEFAULT_REGION: scope.target.region,
    AWS_ACCOUNT_ID: scope.target.account,
  }
  return exportCode(variables)
}
