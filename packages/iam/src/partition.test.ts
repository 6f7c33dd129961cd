/** The table of partitions against the one of AWS's SDK. */
import { readFileSync } from 'node:fs'
import { IAMClient } from '@aws-sdk/client-iam'
import { expect, test } from 'vitest'
import { iamHost, partitionIn, partitionOfArn, partitionOfRegion, partitions } from './partition.ts'

const SDK = '../../../node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js'
const text = readFileSync(new URL(SDK, import.meta.url), 'utf8').replace(/^export const partitionsInfo = /, '')
type Known = { id: string; outputs: { dnsSuffix: string }; regions: { [region: string]: object } }
const known = (JSON.parse(text.slice(0, text.lastIndexOf('}') + 1)) as { partitions: Known[] }).partitions

test('every partition of the SDK is there, and no other', () => {
  expect(partitions.map(({ id }) => id).sort()).toEqual(known.map(({ id }) => id).sort())
})

test.each(known.map((one) => [one.id, one] as const))('%s: regions, suffix and endpoints', (id, { outputs, regions }) => {
  for (const region of Object.keys(regions).filter((name) => !name.endsWith('-global')))
    expect([region, partitionOfRegion(region).id, partitionOfRegion(region).regions.test(region)]).toEqual([region, id, true])
  const own = partitions.find((one) => one.id === id)
  expect(own?.dnsSuffix).toBe(outputs.dnsSuffix)
  expect(partitionOfArn(`arn:${id}:iam::111122223333:role/r`)).toBe(own)
  expect(partitions.filter(({ regions: begin }) => begin.test(own?.iamRegion ?? ''))).toEqual([own])
})

test.each(partitions.map((one) => [one.id, one] as const))('%s: the endpoint of IAM, and the region that signs for it', (_id, own) => {
  const { endpointProvider } = new IAMClient({ region: own.iamRegion }).config as unknown as {
    endpointProvider: (given: { Region: string }) => { url: URL; properties: { authSchemes: [{ signingRegion: string }] } }
  }
  const { url, properties } = endpointProvider({ Region: own.iamRegion })
  expect([iamHost(own), own.iamRegion]).toEqual([url.host, properties.authSchemes[0].signingRegion])
})

test('a region that is not known yet is one of aws, an ARN of no partition is of none', () => {
  expect(['xx-moon-1', 'aws-global', ''].map((region) => partitionOfRegion(region).id)).toEqual(['aws', 'aws', 'aws'])
  expect(['arn:aws-moon:s3:::b', 'arn:*:s3:::b', 'arn:awsx:s3:::b', '*'].map(partitionOfArn)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

// AWS General Reference, "AWS Management Console endpoints".
test.each([
  ['aws', 'aws.amazon.com'],
  ['aws-cn', 'amazonaws.cn'],
  ['aws-us-gov', 'amazonaws-us-gov.com'],
])('%s has its console and its sign-in at %s', (id, site) => {
  const own = partitions.find((one) => one.id === partitionIn(`arn:${id}:iam::111122223333:role/r`))
  expect([own?.id, own?.console, own?.signIn]).toEqual([id, `console.${site}`, `signin.${site}`])
})
