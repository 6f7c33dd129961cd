/** Verifies the whole log of a sandbox against its table, as an auditor does. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { allJournals } from '@stint/broker/adapters/dynamodb/journal-reader'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { addUser, BROKER_ACCOUNT } from '@stint/sandbox/aws/world'
import { parseVkey } from '@stint/tlog/note'
import type { TestSandbox } from './sandbox.ts'

const SWEPT_AFTER_MS = 2 * 60_000

/** First lets the sweeper abandon what was never recorded, and ships all events. */
export async function verified(sandbox: TestSandbox): ReturnType<typeof verify> {
  sandbox.advance(SWEPT_AFTER_MS)
  await sandbox.sweep()
  await sandbox.ship()
  return verifiedNow(sandbox)
}

/** What is in the log now. */
export async function verifiedNow(sandbox: TestSandbox): ReturnType<typeof verify> {
  const key = parseVkey(sandbox.logVkey)
  const user = addUser(sandbox.aws.world, `arn:aws:iam::${BROKER_ACCOUNT}:user/auditor`, [
    { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'dynamodb:Scan', Resource: '*' } },
  ])
  const client = new DynamoDBClient({ endpoint: sandbox.urls.aws, region: 'eu-central-1', credentials: user })
  const table = allJournals({ client, storyTable: 'stint' })
  try {
    return await verify({ source: storeSource(sandbox.shipper), keys: key ? [key] : [], now: sandbox.now(), table })
  } finally {
    client.destroy()
  }
}
