/** Runs a function as it would be deployed, against a sandbox: its bundle, and the very variables that the deployment sets. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FUNCTIONS, type FunctionName } from '@stint/broker/lambda/functions'
import { packRules } from '@stint/core/config/rules'
import type { Rules } from '@stint/core/config/shape'
import { streamArn } from '@stint/sandbox/aws/dynamodb-streams'
import { BROKER_ACCOUNT } from '@stint/sandbox/aws/world'
import { type Lambda, lambdaEnvironment, startLambda } from '../support/lambda.ts'
import type { TestSandbox } from '../support/sandbox.ts'
import type { Deployed, Inputs } from './deploy.ts'

export const titleOf = (name: string) => `${name[0]?.toUpperCase()}${name.slice(1)}`

export const plain = (value: Inputs): Inputs =>
  // A secret of Pulumi's: what is in it is encrypted in the state.
  value && typeof value === 'object' && '4dabf18193072939515e22adb298388d' in value ? { secret: true, ...value.value } : value

/** `rules`: absent for those of the sandbox. `patience`: how many times longer its timers take. `lock`: false for full tiles without a retention period, which the sandbox's S3 does not have. */
export async function startDeployed(
  prod: Deployed,
  sandbox: TestSandbox,
  name: FunctionName,
  {
    rules = sandbox.rules,
    lock = true,
    patience = 1,
  }: { readonly rules?: Rules | undefined; readonly lock?: boolean; readonly patience?: number } = {},
): Promise<Lambda> {
  const { environment } = prod.one('aws:lambda/function:Function', `${titleOf(name)}Function`).inputs
  const { variables } = plain(environment) as { variables: Record<string, string> }
  const here: Record<string, string> = {
    STINT_TABLE: 'stint',
    STINT_SIDE_TABLE: 'stint-side',
    STINT_LOG_BUCKET: 'stint-log',
    STINT_EVENTS_BUCKET: 'stint-events',
    STINT_LOG_KEY: 'alias/stint-log',
    STINT_LOG_VKEY: sandbox.logVkey,
    STINT_STREAM: streamArn('stint', 'eu-central-1', BROKER_ACCOUNT),
    STINT_DEAD_LETTERS: sandbox.aws.world.queues[0]?.url ?? '',
    STINT_END_QUEUE: sandbox.aws.world.queues[1]?.url ?? '',
    STINT_URL: sandbox.urls.broker,
    STINT_SLACK_TOKEN: sandbox.slack?.botToken ?? '',
    STINT_SLACK_SIGNING_SECRETS: sandbox.slack?.signingSecret ?? '',
  }
  const folder = mkdtempSync(join(tmpdir(), 'stint-deployed-'))
  cpSync(join(prod.bundles, name), folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), packRules(rules))
  const lambda = await startLambda(
    join(folder, 'index.js'),
    {
      ...Object.fromEntries(
        Object.entries(variables)
          .filter(([variable]) => lock || variable !== 'STINT_LOCK_DAYS')
          .map(([variable, value]) => [variable, here[variable] ?? value]),
      ),
      ...lambdaEnvironment(sandbox, name),
      STINT_TEST_PATIENCE: String(patience),
      ...(name === 'slack' || name === 'notify'
        ? { STINT_SLACK_API: `${sandbox.urls.slack}/api/`, STINT_SLACK_RESPONSE_HOST: new URL(sandbox.urls.slack).host }
        : {}),
    },
    { now: sandbox.now, seconds: FUNCTIONS[name].seconds },
  )
  return {
    ...lambda,
    close() {
      lambda.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What Lambda passes on of the stream: the records of the story table, in their order. */
export const streamEvent = (records: TestSandbox['aws']['dynamo']['records']): object => ({
  Records: records.map(({ sequenceNumber, newImage, oldImage }) => ({
    eventSource: 'aws:dynamodb',
    dynamodb: {
      SequenceNumber: String(sequenceNumber),
      ...(newImage ? { NewImage: newImage } : {}),
      ...(oldImage ? { OldImage: oldImage } : {}),
    },
  })),
})
