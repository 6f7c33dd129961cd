/** CloudTrail files as AWS writes them: what a record holds is text of others, and must neither stop the reading nor lose digits. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTrail } from './reconcile.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stint-trail-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const record = '{"eventTime":"2026-01-02T03:04:05Z","eventSource":"s3.amazonaws.com","eventName":"GetObject"'

test.each([
  ['a plain file', 'one.json', (text: string) => text],
  ['a compressed file', 'one.json.gz', gzipSync],
])('keeps every digit of a large integer in %s', async (_name, file, encode) => {
  const text = `{"Records":[${record},"requestParameters":{"size":9007199254740993,"small":7},"additionalEventData":{"x":[1e400]}}]}`
  writeFileSync(join(folder, file), encode(text))
  const records = []
  for await (const one of readTrail([folder])) records.push(one)
  rmSync(join(folder, file))
  expect(records).toEqual([
    {
      eventTime: '2026-01-02T03:04:05Z',
      eventSource: 's3.amazonaws.com',
      eventName: 'GetObject',
      requestParameters: { size: '9007199254740993', small: 7 },
      additionalEventData: { x: ['1e400'] },
    },
  ])
})

test.each([
  ['a number', '5'],
  ['an empty object', '{}'],
  ['null', 'null'],
  ['a record without its service', '{"eventTime":"2026-01-02T03:04:05Z","eventName":"GetObject"}'],
  ['a record of no time', '{"eventTime":"soon","eventSource":"s3.amazonaws.com","eventName":"GetObject"}'],
])('refuses a file with %s among its records, because agreement would mean nothing', async (_name, odd) => {
  writeFileSync(join(folder, 'odd.json'), `{"Records":[${record}},${odd}]}`)
  const reading = (async () => {
    for await (const _record of readTrail([folder]));
  })()
  await expect(reading).rejects.toThrow('odd.json is not a CloudTrail file: record 2 has no eventTime, eventSource and eventName.')
  rmSync(join(folder, 'odd.json'))
})
