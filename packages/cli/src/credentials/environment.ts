/** The AWS variables that Stint sets, and those of other tools that it removes first. */
import { STALE } from '@stint/core/shell'
import type { Obtained } from './obtain.ts'

/** One bearer token for each service, of which only Bedrock's has a documented name (SDKs and Tools Reference Guide, "Bearer tokens"). */
const BEARER = /^AWS_BEARER_TOKEN_[A-Z0-9_]{1,100}$/

/** What must go: every known name, and those of the environment that follow a pattern. */
export const staleIn = (env: NodeJS.ProcessEnv): readonly string[] => [
  ...STALE,
  ...Object.keys(env).filter((name) => BEARER.test(name) && !(STALE as readonly string[]).includes(name)),
]

export function withoutStale(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const clean = { ...env }
  for (const name of staleIn(env)) delete clean[name]
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
