/** Builds the comparison of the table with the log from its parts. */

import { deadLetters } from '../adapters/dead-letters.ts'
import { dayWalk } from '../adapters/dynamodb/day-walk.ts'
import { journalsReader } from '../adapters/dynamodb/journal-reader.ts'
import { progress } from '../adapters/dynamodb/progress.ts'
import { regionalEndpoint } from '../adapters/endpoints.ts'
import { wire } from '../adapters/wire/exchange.ts'
import type { Comparing } from '../keepers/compare.ts'
import { deadlinesOnAws, type FunctionDeployment } from './broker.ts'
import { dynamoClient } from './dynamodb.ts'
import { createShipper, type LogDeployment } from './log.ts'

/** The story table's stream and the queue of its dead letters. Absent on a broker without Lambda. */
export type CompareDeployment = FunctionDeployment & {
  readonly lost?: {
    readonly queueUrl: string
    readonly streamArn: string
    readonly endpoints?: { readonly sqs: string; readonly streams: string }
    /** The longest that a run takes. */
    readonly runSeconds: number
  }
}

/** A page of stream records is up to 1 MB, in JSON with both images. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024

export async function createComparison(
  logDeployment: LogDeployment & { readonly signingKey: string },
  deployment: CompareDeployment,
  mayGoOn: () => boolean,
): Promise<Comparing> {
  const { tables, sleep, clock } = deployment
  const source = { client: dynamoClient(deployment), storyTable: tables.story, sleep }
  const remembered = progress({ ...source, sideTable: tables.side }, 'compare')
  return {
    shipper: await createShipper(logDeployment),
    journals: journalsReader(source),
    progress: remembered,
    retiring: progress({ ...source, sideTable: tables.side }, 'retire').kept,
    walk: dayWalk(source, remembered),
    now: clock(),
    mayGoOn,
    ...(deployment.lost ? { letters: lettersOf(deployment, deployment.lost) } : {}),
  }
}

function lettersOf(
  { region, keys, clock, log, deadlines = deadlinesOnAws }: CompareDeployment,
  { queueUrl, streamArn, endpoints, runSeconds }: NonNullable<CompareDeployment['lost']>,
): ReturnType<typeof deadLetters> {
  const common = { region, keys, clock, connectMs: deadlines.connect, maxBytes: MAX_ANSWER_BYTES }
  return deadLetters({
    sqs: wire({ ...common, service: 'sqs', endpoint: endpoints?.sqs ?? regionalEndpoint('sqs', region) }),
    // Streams have an endpoint of their own, and are signed for DynamoDB.
    streams: wire({ ...common, service: 'dynamodb', endpoint: endpoints?.streams ?? regionalEndpoint('streams.dynamodb', region) }),
    queueUrl,
    streamArn,
    hiddenSeconds: runSeconds,
    log,
  })
}
