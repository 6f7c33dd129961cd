/** A session in each of AWS's partitions, from the sandbox: ARNs of the answer, and a console of the same partition. */
import { fileURLToPath } from 'node:url'
import { regionalEndpoint } from '@stint/broker/adapters/endpoints'
import { partitions } from '@stint/iam/partition'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let token: string
beforeAll(async () => {
  sandbox = await testSandbox({ config: fileURLToPath(new URL('../support/partitions.config.ts', import.meta.url)) })
  token = await sandbox.token('developer')
})
afterAll(() => sandbox.close())

test.each(partitions.map(({ id }) => id))('%s', async (id) => {
  const { status, json } = await sandbox.vend(token, { profile: id })
  expect([status, json.detail]).toEqual([201, undefined])
  expect(json.roleArn).toBe(`arn:${id}:iam::111122223333:role/stint/Partition`)
  expect(json.assumedRoleArn).toMatch(new RegExp(`^arn:${id}:sts::111122223333:assumed-role/Partition/`))
})

// AWS General Reference, "AWS Security Token Service endpoints"; AWS SDK, partitions.json.
test.each([
  ['eu-central-1', 'https://sts.eu-central-1.amazonaws.com'],
  ['us-gov-east-1', 'https://sts.us-gov-east-1.amazonaws.com'],
  ['cn-north-1', 'https://sts.cn-north-1.amazonaws.com.cn'],
  ['cn-northwest-1', 'https://sts.cn-northwest-1.amazonaws.com.cn'],
  ['eusc-de-east-1', 'https://sts.eusc-de-east-1.amazonaws.eu'],
  ['us-iso-east-1', 'https://sts.us-iso-east-1.c2s.ic.gov'],
  ['us-iso-west-1', 'https://sts.us-iso-west-1.c2s.ic.gov'],
  ['us-isob-east-1', 'https://sts.us-isob-east-1.sc2s.sgov.gov'],
  ['eu-isoe-west-1', 'https://sts.eu-isoe-west-1.cloud.adc-e.uk'],
  ['us-isof-south-1', 'https://sts.us-isof-south-1.csp.hci.ic.gov'],
])('the STS endpoint of %s is %s', (region, url) => expect(regionalEndpoint('sts', region)).toBe(url))
