/**
 * What a function reads from its environment: its rules next to its code, its tables and credentials in environment variables. They are
 * read once, in init. Credentials are read explicitly, because the SDK's provider chain takes 115 KB and asks files and the network.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type NamedFreeze, parseFreezeName } from '@stint/core/access/freeze'
import { openRules } from '@stint/core/config/rules'
import { defined } from '@stint/core/defined'
import { visibleJson } from '@stint/core/shown-text'
import { partitionOfRegion } from '@stint/iam/partition'
import { consoleSignIn } from '../adapters/console-url.ts'
import { postForm } from '../adapters/https.ts'
import type { Web } from '../http/context.ts'
import type { FunctionDeployment } from './broker.ts'
import type { CompareDeployment } from './compare.ts'
import type { EnderDeployment, EndsDeployment } from './ends.ts'
import type { LogDeployment } from './log.ts'
import { randomInBlocks } from './random.ts'
import type { SlackDeployment } from './slack.ts'

export function deploymentFrom(env: NodeJS.ProcessEnv, folder: string): FunctionDeployment {
  const need = needed(env)
  const region = need('AWS_REGION')
  const { AWS_ENDPOINT_URL_STS: sts, AWS_ENDPOINT_URL_DYNAMODB: dynamodb, STINT_CONSOLE_ISSUER: consoleIssuer } = env
  const { AWS_ENDPOINT_URL_S3: s3, AWS_ENDPOINT_URL_KMS: kms } = env
  const partition = partitionOfRegion(region)
  return {
    rules: openRules(readFileSync(join(folder, 'config.json'))),
    build: need('STINT_BUILD'),
    ...(env.STINT_LOG_VKEY ? { logVkey: env.STINT_LOG_VKEY } : {}),
    region,
    keys: {
      accessKeyId: need('AWS_ACCESS_KEY_ID'),
      secretAccessKey: need('AWS_SECRET_ACCESS_KEY'),
      sessionToken: need('AWS_SESSION_TOKEN'),
    },
    ...(sts && dynamodb ? { endpoints: { sts, dynamodb, ...(s3 ? { s3 } : {}), ...(kms ? { kms } : {}) } } : {}),
    tables: { story: need('STINT_TABLE'), side: need('STINT_SIDE_TABLE') },
    ...(env.STINT_EPOCH ? { epoch: Number(env.STINT_EPOCH) } : {}),
    ...(env.STINT_FROZEN ? { frozen: env.STINT_FROZEN } : {}),
    clock: Date.now,
    random: randomInBlocks(),
    sleep: (milliseconds) => sleep(milliseconds),
    log: (line) => void process.stdout.write(`${visibleJson(line)}\n`),
    ...(consoleIssuer
      ? {
          publicUrl: consoleIssuer,
          signIn: consoleSignIn({
            endpoint: env.STINT_SIGNIN_ENDPOINT ?? `https://${region}.${partition.signIn}/federation`,
            destination: `https://${partition.console}/`,
            issuer: consoleIssuer,
            post: postForm,
          }),
        }
      : {}),
  }
}

/** The freezes that this deployment releases. A wrong name would release nothing, while the operator believes that it does. */
export function releasedFreezesFrom(env: NodeJS.ProcessEnv): readonly NamedFreeze[] {
  const names = (env.STINT_RELEASE_FREEZES ?? '').split(',').filter((name) => name !== '')
  return names.map((name) => {
    const freeze = parseFreezeName(name)
    if (!freeze) throw new Error(`STINT_RELEASE_FREEZES holds an invalid freeze name: ${name.slice(0, 80)}. GET /freezes shows valid ones.`)
    return freeze
  })
}

/** The shipper's settings: the ID of the signing key, and the namespace of its metrics. */
type ShipperFinds = { readonly signingKey: string; readonly namespace: string }

/** The additional settings of a function that reads or writes the log. */
export function logDeploymentFrom(env: NodeJS.ProcessEnv, deployment: FunctionDeployment): LogDeployment & ShipperFinds {
  const need = needed(env)
  return {
    ...deployment,
    buckets: { log: need('STINT_LOG_BUCKET'), events: need('STINT_EVENTS_BUCKET') },
    signingKey: env.STINT_LOG_KEY ?? '',
    namespace: env.STINT_NAMESPACE ?? 'Stint',
    ...(env.STINT_LOCK_DAYS ? { lockDays: Number(env.STINT_LOCK_DAYS) } : {}),
  }
}

/** The additional settings of the function that compares the table with the log. `runSeconds`: the longest that a run takes. */
export function compareDeploymentFrom(env: NodeJS.ProcessEnv, deployment: FunctionDeployment, runSeconds: number): CompareDeployment {
  const need = needed(env)
  const { AWS_ENDPOINT_URL_SQS: sqs, AWS_ENDPOINT_URL_DYNAMODB_STREAMS: streams } = env
  return {
    ...deployment,
    lost: {
      queueUrl: need('STINT_DEAD_LETTERS'),
      streamArn: need('STINT_STREAM'),
      ...(sqs && streams ? { endpoints: { sqs, streams } } : {}),
      runSeconds,
    },
  }
}

/** The queue of roles whose sessions end at once; absent if no target of the config has `revocation`. */
export function endsDeploymentFrom(env: NodeJS.ProcessEnv, deployment: FunctionDeployment): EndsDeployment {
  const { STINT_END_QUEUE: queueUrl, AWS_ENDPOINT_URL_SQS: endpoint } = env
  return queueUrl ? { ...deployment, ends: { queueUrl, ...defined({ endpoint }) } } : deployment
}

/** The additional settings of the function that ends sessions at once. */
export const endDeploymentFrom = ({ AWS_ENDPOINT_URL_IAM: iam }: NodeJS.ProcessEnv, deployment: FunctionDeployment): EnderDeployment => ({
  ...deployment,
  ...defined({ iam }),
})

/** The additional settings of the functions that talk to Slack. */
export function slackDeploymentFrom(env: NodeJS.ProcessEnv, deployment: FunctionDeployment): SlackDeployment {
  const need = needed(env)
  return {
    ...deployment,
    slack: {
      token: need('STINT_SLACK_TOKEN'),
      // Only the entry point has the signing secrets.
      signingSecrets: env.STINT_SLACK_SIGNING_SECRETS ? signingSecretsIn(env.STINT_SLACK_SIGNING_SECRETS) : [],
      publicUrl: need('STINT_URL'),
      fetch,
      directoryTokens: secretsIn(env, 'STINT_DIRECTORY_TOKENS'),
      ...(env.STINT_SLACK_API && env.STINT_SLACK_RESPONSE_HOST
        ? { at: { api: env.STINT_SLACK_API, responseHost: env.STINT_SLACK_RESPONSE_HOST } }
        : {}),
    },
  }
}

/** What Stint's pages need; absent if they are not set up. */
export function webFrom(env: NodeJS.ProcessEnv): { readonly web?: Web } {
  const { STINT_URL: publicUrl, STINT_WEB_KEY: key } = env
  if (!publicUrl || !key) return {}
  const bytes = Buffer.from(key, 'base64url')
  if (bytes.length < 32) throw new Error('STINT_WEB_KEY must be at least 32 random bytes, in base64url')
  return { web: { publicUrl, key: bytes, clientSecrets: secretsIn(env, 'STINT_SIGN_IN_SECRETS'), fetch } }
}

/** One secret, or two during a rotation. An extra comma would create an empty secret, with which anyone could sign. */
function signingSecretsIn(text: string): readonly string[] {
  const secrets = text.split(',').map((secret) => secret.trim())
  if (secrets.some((secret) => secret.length < SHORTEST_SIGNING_SECRET))
    throw new Error('STINT_SLACK_SIGNING_SECRETS must hold one Slack signing secret, or two separated by a comma')
  return secrets
}
/** Slack's signing secrets have 32 characters. */
const SHORTEST_SIGNING_SECRET = 16

/** Secrets by issuer, as JSON. Errors never show any of the value. */
function secretsIn(env: NodeJS.ProcessEnv, name: string): { readonly [issuer: string]: string } {
  const text = env[name]
  if (!text) return {}
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    parsed = undefined
  }
  const isSecret = (value: unknown) => typeof value === 'string' && value !== ''
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || !Object.values(parsed).every(isSecret))
    throw new Error(`${name} must be a JSON object with a string for each issuer`)
  return parsed as { [issuer: string]: string }
}

const needed =
  (env: NodeJS.ProcessEnv) =>
  (name: string): string => {
    const value = env[name]
    if (!value) throw new Error(`the environment variable ${name} is not set`)
    return value
  }
