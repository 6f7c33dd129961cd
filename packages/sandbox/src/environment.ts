/**
 * The environment variables of a broker that is started on its own. All of them are required. The broker does not start if one is
 * missing, or if it trusts the sandbox's issuer while an AWS endpoint is real: anyone can sign in to the simulated issuer, so it
 * must never vend real credentials.
 */

import { brief } from '@stint/core/audit/event'
import type { Rules } from '@stint/core/config/shape'
import { isLoopback } from '@stint/core/loopback'
import { START } from './place.ts'
import type { BrokerSettings } from './sandbox.ts'

export class SettingsError extends Error {}

const needed = [
  'AWS_ENDPOINT_URL_STS',
  'AWS_ENDPOINT_URL_DYNAMODB',
  'AWS_ENDPOINT_URL_S3',
  'AWS_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
] as const
type Needed = (typeof needed)[number]

export function brokerEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  rules: Rules,
): Pick<BrokerSettings, 'keys' | 'endpoints' | 'region'> {
  const missing = needed.filter((name) => !env[name])
  if (missing.length > 0)
    throw new SettingsError(`Missing environment variables: ${missing.join(', ')}. Run ${START} -- --only aws,issuer, which prints them.`)
  const set = env as Record<Needed, string>
  const sandboxIssuer = Object.entries(rules.issuers).find(
    ([, { url, jwksUri }]) => !isHttps(url) || !isHttps(jwksUri) || isLoopback(url) || isLoopback(jwksUri),
  )
  const realEndpoint = needed.slice(0, 3).find((name) => !isLoopback(set[name]))
  if (sandboxIssuer && realEndpoint) {
    throw new SettingsError(
      `Issuer '${sandboxIssuer[0]}' is a sandbox issuer, but ${realEndpoint} is not on loopback. Anyone who can sign in to the sandbox would get access to AWS.`,
    )
  }
  const key = { accessKeyId: set.AWS_ACCESS_KEY_ID, secretAccessKey: set.AWS_SECRET_ACCESS_KEY, sessionToken: set.AWS_SESSION_TOKEN }
  return {
    keys: { vend: key, api: key, sweep: key },
    endpoints: {
      sts: set.AWS_ENDPOINT_URL_STS,
      dynamodb: set.AWS_ENDPOINT_URL_DYNAMODB,
      s3: set.AWS_ENDPOINT_URL_S3,
      // The sandbox's KMS has the endpoint of its S3. A broker that is started on its own has no other setting for it.
      kms: set.AWS_ENDPOINT_URL_S3,
    },
    region: set.AWS_REGION,
  }
}

/** The broker's first call reads the key of the log from the AWS of its settings. */
export const noAnswer = ({ kms }: { readonly kms: string }, { message }: Error): string =>
  `AWS is unavailable at ${kms}: ${brief(message, 200)}. Run ${START} -- --only aws,issuer in another terminal, then paste the lines that it prints into this one.`

const isHttps = (url: string): boolean => url.startsWith('https://')
