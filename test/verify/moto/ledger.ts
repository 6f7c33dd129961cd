/**
 * The situations of the ledger's conditions on moto's DynamoDB, over AWS's SDK and over vend's own wire: each must end as it does on the
 * table in the test's own process. Runs in `npm run verify:all moto`.
 */
import { spawnSync } from 'node:child_process'
import { freePorts } from '../../support/sandbox.ts'
import { requireMoto, startMoto } from './server.ts'

const MAX_MS = 30 * 60_000
const TESTS = ['packages/broker/src/adapters/dynamodb/conditions.test.ts', '-t', 'at STINT_DYNAMODB', '--testTimeout', '600000']

requireMoto()
const server = await startMoto(await freePorts(1))
try {
  const env = { ...process.env, STINT_DYNAMODB: server.endpoint }
  process.exitCode = spawnSync('npx', ['vitest', 'run', ...TESTS], { stdio: 'inherit', timeout: MAX_MS, env }).status ?? 1
} finally {
  server.close()
}
