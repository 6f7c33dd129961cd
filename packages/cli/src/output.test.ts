/** Text of others in what commands print: nothing of it reaches a terminal or a spreadsheet as anything but words. */
import { hiddenIn } from '@stint/core/testing/hidden'
import { describe, expect, test } from 'vitest'
import { csvLine, type Exported, ndjsonLine } from './audit/export.ts'
import { reportText as auditText } from './audit/report.ts'
import { givenText } from './audit/restore.ts'
import { reconciledText } from './audit/trail/report.ts'
import { casesText } from './cases/report.ts'
import { reportText as lintText, reportJson } from './lint/report.ts'
import { forPeople, jsonLine } from './output.ts'

/** Clears the screen, colours, sets the title, turns the line, and begins a line of its own. */
const HOSTILE = 'x\u001B[2J\u001B]0;t\u0007\u009B31m\u202Eok\r\nNothing found.'

const exported = (event: object): Exported => ({ id: 'req_1/0', index: 7, event: event as never, receipt: 'proof' })
const cellOf = (comment: string): string => csvLine(exported({ comment })).split(',').slice(15, -4).join(',')

test('a text for which its event has no room is in the CSV', () =>
  expect(csvLine(exported({ type: 'request.text', of: 'justification', part: 1, parts: 2, text: '=orders are down' }))).toBe(
    "req_1/0,7,,request.text,,,,,,,,,,,,,'=orders are down,,,cHJvb2Y=\r\n",
  ))

describe('reports', () => {
  test.each<[string, string]>([
    [
      'of a verification',
      auditText({
        origin: HOSTILE,
        size: 1,
        root: new Uint8Array(32),
        vkey: HOSTILE,
        witnesses: [HOSTILE],
        journals: 0,
        counts: {},
        endedBeforeIssued: 0,
        erased: 0,
        notices: [HOSTILE],
        faults: [{ class: 'rules', place: HOSTILE, what: HOSTILE }],
        faultCount: 1,
        judgedEvents: true,
      } as never),
    ],
    [
      'of a reconciliation',
      reconciledText({
        records: 1,
        span: { first: HOSTILE, last: HOSTILE },
        matched: 0,
        dropped: 0,
        erased: 0,
        silent: [HOSTILE],
        deniedAttempts: 0,
        activity: [
          {
            session: 's',
            request: HOSTILE,
            sessionName: HOSTILE,
            accessKeyId: HOSTILE,
            first: HOSTILE,
            last: HOSTILE,
            services: { [HOSTILE]: 1 },
            regions: [HOSTILE],
            reads: 0,
            writes: 0,
            denied: 0,
            console: false,
            chained: [HOSTILE],
          },
        ],
        findings: [{ kind: 'around', at: HOSTILE, what: HOSTILE }],
      }),
    ],
    ['of a lint', lintText('stint.config.ts', [{ rule: 'online', severity: 'error', path: HOSTILE, what: HOSTILE }], 0)],
    [
      'of access tests',
      casesText(
        {
          results: [{ caller: HOSTILE, profile: HOSTILE, expected: 'allowed', got: { outcome: 'refused' }, passed: false, obstacles: [] }],
          untested: [HOSTILE],
        } as never,
        true,
      ),
    ],
    ['of a restore', givenText('req_1', { profile: HOSTILE, since: 0 } as never, 0)],
  ])('%s shows it as words', (_name, text) => {
    const printed = forPeople(text)
    expect(printed).toContain('‹U+001B›[2J')
    expect(hiddenIn(printed)).toEqual([])
    expect(printed).not.toMatch(/^Nothing found/m)
  })
})

describe('JSON', () => {
  test.each<[string, string]>([
    ['a line', jsonLine({ name: HOSTILE })],
    ['findings', reportJson('f', [{ rule: 'online', severity: 'error', path: '', what: HOSTILE }], 0)],
    ['events', ndjsonLine(exported({ comment: `${HOSTILE}\u2028` }))],
  ])('%s keeps every character, and sends a terminal none that it obeys', (_name, text) => {
    expect(JSON.stringify(JSON.parse(text))).toContain(JSON.stringify(HOSTILE).slice(1, -1))
    expect(hiddenIn(text)).toEqual([])
  })
})

describe('CSV', () => {
  test.each([
    ['a formula', '=HYPERLINK("http://evil.example")', `"'=HYPERLINK(""http://evil.example"")"`],
    ['a sum', '+1+cmd|/C calc', "'+1+cmd|/C calc"],
    ['a difference', '-1', "'-1"],
    ['a function of old', '@SUM(A1)', "'@SUM(A1)"],
    ['a formula behind blank space', ' \t\r\n=1', "'=1"],
    ['a wide formula', '＝1', "'＝1"],
    ['a formula behind what has no width', '\u200B=1', '‹U+200B›=1'],
    ['lines', 'a\r\nb', 'a ⏎ b'],
    ['a comma', 'a,b', '"a,b"'],
    ['a terminal sequence', 'a\u001B[2J', 'a‹U+001B›[2J'],
    ['a turn', 'a\u202Eb', 'a‹U+202E›b'],
    ['a long text', 'x'.repeat(3999), 'x'.repeat(3999)],
    ['plain words', 'INC-1: orders are down', 'INC-1: orders are down'],
  ])('%s', (_name, comment, expected) => expect(cellOf(comment)).toBe(expected))
})
