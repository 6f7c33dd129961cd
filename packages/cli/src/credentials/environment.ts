/** The AWS variables that Stint sets, and those of other tools that it removes first. */
import type { Obtained } from './obtain.ts'

/**
 * Variables that choose credentials or come with them. Each would win over, or be mixed with, what Stint sets. Settings such as
 * AWS_CA_BUNDLE, AWS_PAGER or AWS_ENDPOINT_URL stay. Source: AWS SDKs and Tools Reference Guide, "Environment variables list".
 */
export const STALE = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_SESSION_EXPIRATION',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_ACCOUNT_ID',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_VAULT',
] as const

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
