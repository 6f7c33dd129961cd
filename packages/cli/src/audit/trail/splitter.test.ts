import { describe, expect, test } from 'vitest'
import { splitter } from './splitter.ts'

const LONGEST = 100
function itemsOf(text: string, pieces: number): readonly string[] {
  const items = splitter(LONGEST)
  const all: string[] = []
  for (let at = 0; at < text.length; at += pieces) all.push(...items.take(text.slice(at, at + pieces)))
  items.end()
  return all
}

const tricky = '{"a":"} ] \\" \\\\","b":[1,{"Records":[2]}]}'
describe.each([1, 2, 3, 7, 1000])('in pieces of %i characters', (pieces) => {
  test.each<[string, string, readonly string[]]>([
    ['a log file', `{"Records":[{"a":1},{"b":2}]}`, ['{"a":1}', '{"b":2}']],
    ['a log file with white space', `{ "Records" : [ {"a":1} ,\n {"b":2} ] }\n`, ['{"a":1}', '{"b":2}']],
    ['an empty log file', '{"Records":[]}', []],
    ['strings with brackets, quotes and backslashes', `{"Records":[${tricky}]}`, [tricky]],
    ['lookup-events, with a token after the list', '{"Events":[{"a":1}],"NextToken":"x[{","More":{"Records":[{"n":1}]}}', ['{"a":1}']],
    ['a query of CloudTrail Lake', '{"QueryStatistics":{"n":[1]},"QueryResultRows":[[{"a":"1"},{"b":"2"}]]}', ['[{"a":"1"},{"b":"2"}]']],
    ['NDJSON', `{"a":1}\n{"b":[{"c":2}]}\n`, ['{"a":1}', '{"b":[{"c":2}]}']],
    ['log files one after the other', `{"Records":[{"a":1}]}\n{"Records":[{"b":2}]}`, ['{"a":1}', '{"b":2}']],
    ['a list', '[{"a":1},{"b":2}]', ['{"a":1}', '{"b":2}']],
    ['nothing', '', []],
  ])('%s', (_name, text, expected) => expect(itemsOf(text, pieces)).toEqual(expected))

  test.each<[string, string, RegExp]>([
    ['a number among the records', '{"Records":[{"a":1},5]}', /not a record/],
    ['a text among the records', '{"Records":["x"]}', /not a record/],
    ['text at the top', '{"a":1} x', /not a record/],
    ['no end', '{"Records":[{"a":1}', /ends within a record/],
    ['no end of a string', '{"a":"1}', /ends within a record/],
    ['too many brackets', '{"a":1}}', /not JSON/],
    ['a record that is too long', `{"Records":[{"a":"${'x'.repeat(LONGEST)}"}]}`, /more than 100 characters/],
    ['an object that never becomes a list', `{"a":"${'x'.repeat(LONGEST)}`, /more than 100 characters/],
  ])('refuses %s', (_name, text, words) => expect(() => itemsOf(text, pieces)).toThrow(words))
})

test('holds no more than one item, whatever the size of the file', () => {
  const items = splitter(LONGEST)
  let found = items.take('{"Records":[').length
  for (let at = 0; at < 100_000; at++) found += items.take('{"eventName":"x"},').length
  expect(found).toBe(100_000)
})
