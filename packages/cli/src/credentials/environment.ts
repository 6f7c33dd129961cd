/** The AWS variables that Stint sets, and those of other tools that it removes first. */
import { STALE } from '@stint/core/shell'
import type { Obtained } from './obtain.ts'

export function withoutStale(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const clean = { ...env }
  for (const name of STALE) delete clean[name]
  // A token for the broker is worth more than the credentials. The command has no use for it.
  delete clean.STINT_TOKEN
  return clean
}

export const variablesOf = ({ account, region, credentials }: Obtained): Readonly<Record<string, string>> => ({
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: credentials.sessionToken,
  AWS_CREDENTIAL_EXPIRATION: credentials.expiration,
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_ACCOUNT_ID: account,
})
