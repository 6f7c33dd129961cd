/** CloudTrail files as AWS writes them: what a record holds is text of others, and must neither stop the reading nor lose digits. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTrail } from './records.ts'

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

const read = async (files: Readonly<Record<string, string | Uint8Array>>) => {
  const here = mkdtempSync(join(folder, 'case-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(here, name)), { recursive: true })
    writeFileSync(join(here, name), content)
  }
  const names: string[] = []
  for await (const { eventName } of readTrail([here])) names.push(eventName)
  return names
}
const event = (eventName: string, more: object = {}) => ({
  eventTime: '2026-01-02T03:04:05Z',
  eventSource: 's3.amazonaws.com',
  eventName,
  ...more,
})
const insight = { eventType: 'AwsCloudTrailInsight', eventCategory: 'Insight', eventTime: '2026-01-02T03:04:05Z', insightDetails: {} }
const lake = (rows: readonly object[][]) =>
  JSON.stringify({ QueryStatus: 'FINISHED', QueryStatistics: { TotalResultsCount: 2 }, QueryResultRows: rows })
const csvField = (value: object) => `"${JSON.stringify(value).replaceAll('"', '""')}"`

test.each<[string, string, string | Uint8Array]>([
  ['a log file of a trail', 'x.json', JSON.stringify({ Records: [event('A'), event('B')] })],
  ['a compressed one', 'x.json.gz', gzipSync(JSON.stringify({ Records: [event('A'), event('B')] }))],
  ['a compressed one without its ending', 'x.json', gzipSync(JSON.stringify({ Records: [event('A'), event('B')] }))],
  [
    'two compressed parts in one file',
    'x.json.gz',
    Buffer.concat([gzipSync(`${JSON.stringify(event('A'))}\n`), gzipSync(JSON.stringify(event('B')))]),
  ],
  [
    'lookup-events',
    'x.json',
    JSON.stringify({
      Events: ['A', 'B'].map((name) => ({ EventName: name, CloudTrailEvent: JSON.stringify(event(name)) })),
      NextToken: 't',
    }),
  ],
  ['NDJSON', 'x.ndjson', `${JSON.stringify(event('A'))}\n${JSON.stringify(event('B'))}\n`],
  ['JSON lines, compressed', 'x.jsonl.gz', gzipSync(`${JSON.stringify(event('A'))}\r\n${JSON.stringify(event('B'))}`)],
  ['a list, as jq writes it', 'x.json', JSON.stringify([event('A'), event('B')], null, 2)],
  [
    'CloudTrail Lake',
    'x.json',
    lake([[{ eventJson: JSON.stringify(event('A')) }], [{ eventTime: 'x' }, { eventJson: JSON.stringify(event('B')) }]]),
  ],
  ['CloudTrail Lake, saved as CSV', 'x.csv', `eventTime,eventJson\r\nx,${csvField(event('A'))}\r\nx,${csvField(event('B'))}\r\n`],
  ['the same, compressed', 'x.csv.gz', gzipSync(`eventJson\n${csvField(event('A'))}\n${csvField(event('B'))}\n`)],
  [
    'EventBridge',
    'x.json',
    ['A', 'B'].map((name) => JSON.stringify({ 'detail-type': 'AWS API Call via CloudTrail', detail: event(name) })).join('\n'),
  ],
  ['Insight events among the records', 'x.json', JSON.stringify({ Records: [event('A'), insight, event('B')] })],
])('reads %s', async (_form, name, content) => expect(await read({ [name]: content })).toEqual(['A', 'B']))

test('passes over digests, signatures and files of others', async () => {
  const found = await read({
    'AWSLogs/1/CloudTrail/x.json': JSON.stringify({ Records: [event('A')] }),
    'AWSLogs/1/CloudTrail-Insight/x.json': JSON.stringify({ Records: [insight] }),
    'AWSLogs/1/CloudTrail-Digest/x.json': '{"digestStartTime":"x"}',
    'lake/result_sign.json': '{"version":"1.0"}',
    'notes.txt': 'x',
  })
  expect(found).toEqual(['A'])
})
test.each([
  ['x.json', '{"Records": []}'],
  ['x.csv', 'eventTime,eventJson\r\n'],
])('an empty file %s has no records', async (name, content) => expect(await read({ [name]: content })).toEqual([]))
test('an empty CSV without eventJson is not a file of CloudTrail', async () => {
  await expect(read({ 'x.csv': 'a,b\r\n' })).rejects.toThrow(/it has no Records/)
  await expect(read({ 'x.csv': '' })).rejects.toThrow(/it has no Records/)
  await expect(read({ 'x.csv': 'eventJson\n"{}\n' })).rejects.toThrow(/not a CloudTrail file/)
})

test.each<[string, string, RegExp]>([
  ['a number among the records', `{"Records":[${record}},5]}`, /a value that is not a record/],
  ['null among the records', `{"Records":[${record}},null]}`, /a value that is not a record/],
  ['an empty object', `{"Records":[${record}},{}]}`, /record 2 has no eventTime, eventSource and eventName/],
  ['a record without its service', `{"Records":[${record}},{"eventTime":"2026-01-02T03:04:05Z","eventName":"x"}]}`, /record 2 has no/],
  ['a record of no time', `{"Records":[${record}},{"eventTime":"soon","eventSource":"s","eventName":"x"}]}`, /record 2 has no/],
  ['a row of Lake without eventJson', lake([[{ eventName: 'A' }]]), /SELECT eventJson FROM/],
  ['no end', `{"Records":[${record}}`, /ends within a record/],
  ['something else', '{"x":1}', /record 1 has no/],
  ['a text', '"x"', /not a record/],
  ['nothing', '', /it has no Records/],
  ['a page of HTML', '<html>', /not a record/],
])('refuses a file with %s, because agreement would mean nothing', async (_what, content, words) => {
  await expect(read({ 'odd.json': content })).rejects.toThrow(words)
  await expect(read({ 'odd.json': content })).rejects.toThrow(/odd\.json is not a CloudTrail file: /)
})
test('refuses a compressed file that was cut', async () => {
  const whole = gzipSync(JSON.stringify({ Records: Array.from({ length: 1000 }, (_, at) => event(`E${at * 7919}`)) }))
  await expect(read({ 'x.json.gz': whole.subarray(0, -200) })).rejects.toThrow(/not a CloudTrail file/)
})
