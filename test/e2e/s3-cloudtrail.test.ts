/** The sandbox's CloudTrail records each call of S3 as the kind of event that AWS lists it as. */
import { gunzipSync } from 'node:zlib'
import {
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { addUser } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { s3 } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const Bucket = 'acme-releases'
const Key = 'a'

let sandbox: TestSandbox
let client: S3Client
beforeAll(async () => {
  sandbox = await testSandbox()
  const everything = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' } } as const
  client = s3(sandbox.urls.aws, addUser(sandbox.aws.world, 'arn:aws:iam::111122223333:user/owner', [everything]))
})
afterAll(() => sandbox.close())

/** The last record of S3 after a call. */
async function recordOf(call: Promise<unknown>): Promise<Record<string, unknown>> {
  await call
  sandbox.aws.server.trail.deliver()
  const files = [...(sandbox.aws.world.buckets.get('acme-cloudtrail')?.objects.values() ?? [])]
  const records = files.flatMap(({ body }) => JSON.parse(gunzipSync(body).toString()).Records as Record<string, unknown>[])
  return records.findLast(({ eventSource }) => eventSource === 's3.amazonaws.com') ?? {}
}

test.each<[eventName: string, eventCategory: 'Data' | 'Management', readOnly: boolean, () => Promise<unknown>]>([
  ['PutObject', 'Data', false, () => client.send(new PutObjectCommand({ Bucket, Key, Body: 'a' }))],
  ['GetObject', 'Data', true, () => client.send(new GetObjectCommand({ Bucket, Key }))],
  ['DeleteObjectTagging', 'Data', false, () => client.send(new DeleteObjectTaggingCommand({ Bucket, Key }))],
  ['ListObjects', 'Data', true, () => client.send(new ListObjectsCommand({ Bucket }))],
  ['ListObjects', 'Data', true, () => client.send(new ListObjectsV2Command({ Bucket }))],
  ['HeadBucket', 'Data', true, () => client.send(new HeadBucketCommand({ Bucket }))],
  ['DeleteObjects', 'Data', false, () => client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }))],
  ['GetBucketLocation', 'Management', true, () => client.send(new GetBucketLocationCommand({ Bucket }))],
  ['ListBuckets', 'Management', true, () => client.send(new ListBucketsCommand({}))],
])('%s is a %s event', async (eventName, eventCategory, readOnly, call) => {
  const managementEvent = eventCategory === 'Management'
  expect(await recordOf(call())).toMatchObject({ eventName, eventCategory, managementEvent, readOnly })
})
