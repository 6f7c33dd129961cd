/** Where the reader looks on AWS. What its answers must show is in answers.test.ts. */
import { expect, test } from 'vitest'
import { Trouble } from '../../ports/log.ts'
import { bucketReader } from './bucket-reader.ts'

function reading(bucket: string, answers: readonly (() => Response)[]) {
  const sent: { readonly url: string; readonly authorization: string | undefined }[] = []
  const reader = bucketReader({
    bucket,
    region: 'eu-central-1',
    keys: { accessKeyId: 'AKIA', secretAccessKey: 'x', sessionToken: 'session' },
    clock: () => Date.parse('2026-11-24T12:00:00Z'),
    sleep: async () => undefined,
    fetch: async (url, init) => {
      const { authorization } = Object.fromEntries(new Headers(init?.headers))
      sent.push({ url: String(url), authorization })
      return answers[sent.length - 1]?.() ?? new Response(null, { status: 503 })
    },
  })
  return { reader, sent }
}
const object = () => new Response('bytes', { headers: { etag: '"e"', 'content-length': '5' } })

test.each([
  ['stint-log', 'tile/0/x001/067', 'https://stint-log.s3.eu-central-1.amazonaws.com/tile/0/x001/067'],
  ['stint.log', 'checkpoint', 'https://s3.eu-central-1.amazonaws.com/stint.log/checkpoint'],
  ['stint-log', "a b/(c)'+é", 'https://stint-log.s3.eu-central-1.amazonaws.com/a%20b/%28c%29%27%2B%C3%A9'],
])('reads %s %s at %s', async (bucket, path, url) => {
  const { reader, sent } = reading(bucket, [object])
  expect(await reader.get(path)).toMatchObject({ etag: '"e"' })
  expect(sent[0]?.url).toBe(url)
  expect(sent[0]?.authorization).toMatch(
    /Credential=AKIA\/20261124\/eu-central-1\/s3\/aws4_request, SignedHeaders=[^,]*host;[^,]*x-amz-security-token, /,
  )
})

test('asks three times, and then fails', async () => {
  const { reader, sent } = reading('stint-log', [])
  await expect(reader.get('checkpoint')).rejects.toThrow(Trouble)
  expect(sent).toHaveLength(3)
})

test('asks again after a 503', async () => {
  const { reader, sent } = reading('stint-log', [() => new Response(null, { status: 503 }), object])
  expect(await reader.get('checkpoint')).toMatchObject({ etag: '"e"' })
  expect(sent).toHaveLength(2)
})
