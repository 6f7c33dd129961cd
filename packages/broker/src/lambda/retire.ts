/** The `retire` function, run once an hour: it retires old items. */
import { dayWalk } from '../adapters/dynamodb/day-walk.ts'
import { logState } from '../adapters/dynamodb/log-state.ts'
import { progress } from '../adapters/dynamodb/progress.ts'
import { type Retired, retire } from '../adapters/dynamodb/retirement.ts'
import type { Run } from '../keepers/keeper.ts'
import { dynamoClient, ledgerSettings } from '../wiring/dynamodb.ts'
import { deploymentFrom } from '../wiring/environment.ts'
import { timeFor } from './functions.ts'
import { onSchedule } from './on-stream.ts'

const deployment = deploymentFrom(process.env, __dirname)

const idle: Retired & Run = { retired: 0, expiring: 0, looked: 0, kept: 0, finished: false }

export const handler = onSchedule<Retired & Run>(async () => {
  // A restored table must be inspected as it was restored, so nothing is written to it before that.
  if (deployment.frozen !== undefined) return idle
  const { clock, log } = deployment
  const settings = { ...ledgerSettings(deployment), client: dynamoClient(deployment) }
  const remembered = progress(settings, 'retire')
  const retired = await retire(settings, logState(settings), {
    progress: remembered,
    walk: dayWalk(settings, remembered),
    now: clock(),
    mayGoOn: timeFor('retire', clock),
  })
  if (retired.outcome === 'unknown') throw new Error(retired.cause)
  log({ event: 'retired', ...retired.value })
  return retired.value
})
