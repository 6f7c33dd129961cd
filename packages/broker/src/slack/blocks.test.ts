/** Messages and modals of every request there could be keep Slack's limits, and nothing that people wrote is markup in them. */

import { execFileSync } from 'node:child_process'
import type { AccessRequest } from '@stint/core/request/request'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bareMessage, buttons, howToUse, requestMessage, type Shown } from './messages.ts'
import { askModal, detailsModal, MOST_OPTIONS, PARAMETER, reasonModal } from './modals.ts'
import { blockKitFaults, markupIn } from './testing/block-kit.ts'

const NOW = Date.UTC(2026, 10, 24, 3)
const MINUTE = 60_000
const dana = { issuer: 'people', subject: 'dev-1', name: 'Dana', kind: 'human' as const }
const request = (change: object = {}): AccessRequest =>
  ({
    id: 'req_01ARYZ6S410000000000000000',
    version: 1,
    state: 'pending',
    createdAt: NOW,
    caller: dana,
    person: 'dana',
    profile: 'break-glass',
    target: 'prod-admin',
    roleArn: 'arn:aws:iam::111122223333:role/stint/Admin',
    terms: {
      role: 'arn:aws:iam::111122223333:role/stint/Admin',
      policy: [
        { Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::acme/*'] },
        { Effect: 'Deny', Action: ['*'], Resource: ['*'] },
      ],
      policyArns: [],
      parameters: {},
      maxDuration: 3600,
      uses: 3,
    },
    termsHash: 'f'.repeat(64),
    breakGlass: true,
    pendingUntil: NOW + 30 * MINUTE,
    agreements: [],
    limits: {},
    told: [],
    sessions: [],
    ...change,
  }) as unknown as AccessRequest
const shown = (change: object = {}, more: Partial<Shown> = {}): Shown => ({
  request: request(change),
  profile: { description: 'Administrator of production' },
  target: { account: '111122223333' },
  needed: [{ count: 1, missing: 1 }],
  now: NOW,
  ...more,
})
const textOf = (node: unknown): string => JSON.stringify(node)
const buttonsOf = (message: { blocks: readonly any[] }) =>
  message.blocks.flatMap(({ type, elements }) => (type === 'actions' ? elements.map((element: any) => element.action_id) : []))

describe('a request', () => {
  test('that waits says who, what, where, why, how long, until when, and has its buttons', () => {
    const message = requestMessage(shown({ why: 'INC-4711: orders are down', ticket: 'OPS-17' }, { onCall: 'S0001' }))
    for (const words of [
      '🚨 BREAK-GLASS waits for you',
      'Dana',
      'break-glass: Administrator of production',
      '111122223333 as Admin',
      'low: reads',
      'up to 1h, 3 times',
      '2026-11-24 03:30 UTC',
      'INC-4711',
      'OPS-17',
      'may s3:GetObject on arn:aws:s3:::acme/*',
      '1 more person must agree',
      '<!subteam^S0001>',
    ])
      expect(textOf(message.blocks)).toContain(words)
    expect(message.text).toBe('🚨 BREAK-GLASS waits for you: Dana → break-glass'.replace('→', '→'))
    expect(message.color).toBe('#b00020')
    expect(requestMessage(shown({ breakGlass: false })).color).toBeUndefined()
    expect(buttonsOf(message)).toEqual([buttons.approve, buttons.deny, buttons.details])
    expect(blockKitFaults(message)).toEqual([])
  })
  test.each<[string, object, string, readonly string[]]>([
    [
      'approved',
      { state: 'approved', windowStart: NOW, windowEnd: NOW + MINUTE, usesLeft: 2 },
      'BREAK-GLASS approved',
      [buttons.review, buttons.details],
    ],
    ['denied', { state: 'denied', decidedBy: { ...dana, name: 'Ann' } }, 'denied by Ann', [buttons.details]],
    ['expired by time alone', { pendingUntil: NOW - 1 }, 'expired, nobody answered', [buttons.details]],
    [
      'over',
      { state: 'approved', windowStart: NOW - 2, windowEnd: NOW - 1, usesLeft: 0 },
      'Nobody has reviewed it yet',
      [buttons.review, buttons.details],
    ],
    [
      'reviewed',
      { state: 'ended', windowStart: NOW - 2, windowEnd: NOW - 1, review: { by: dana, at: NOW, text: 'restarted the service' } },
      'over and reviewed',
      [buttons.details],
    ],
    ['no break-glass', { breakGlass: false }, 'Access request waits for agreement', [buttons.approve, buttons.deny, buttons.details]],
  ])('%s', (_name, change, words, acts) => {
    const message = requestMessage(shown(change))
    expect(textOf(message.blocks)).toContain(words)
    expect(buttonsOf(message)).toEqual(acts)
    expect(blockKitFaults(message)).toEqual([])
  })
  test('the on-call group is not called again once it is decided', () => {
    expect(textOf(requestMessage(shown({ state: 'denied' }, { onCall: 'S0001' })))).not.toContain('subteam')
  })
})

const anything = fc.string({
  unit: fc.oneof(
    fc.constantFrom('<', '>', '&', '!', '@', '*', '`', '|', '\n', 'ש', '👩', '\u202E'),
    fc.string({ unit: 'grapheme', maxLength: 1 }),
  ),
  maxLength: 3500,
})

test('whatever people write, limits hold and nothing of it is markup', () => {
  fc.assert(
    fc.property(anything, anything, anything, fc.array(anything, { maxLength: 10 }), (why, name, comment, resources) => {
      const odd = { ...dana, name }
      const message = requestMessage(
        shown(
          {
            why,
            caller: odd,
            ticket: comment.slice(0, 64),
            agreements: [{ approver: odd, comment, at: NOW, rules: [0], face: 'api', limits: {}, person: 'x' }],
            review: { by: odd, at: NOW, text: comment },
            windowStart: NOW,
            terms: {
              ...request().terms,
              policy: resources.map((resource) => ({ Effect: 'Allow', Action: 's3:*', Resource: resource })),
              parameters: { a: why },
            },
          },
          { profile: { description: comment } },
        ),
      )
      return blockKitFaults(message).length === 0 && markupIn(message).length === 0
    }),
    { numRuns: 200 },
  )
})

test('names, comments and parameters are shown as they are written, each in its own place', () => {
  const forged = 'Dana (okta)\n\n*Risk*\nlow: reads'
  const message = requestMessage(
    shown({
      caller: { ...dana, name: forged },
      terms: { ...request().terms, parameters: { key: '&'.repeat(450) } },
      agreements: [{ approver: dana, comment: 'ok\n✓ Carol agreed', at: NOW, rules: [0], face: 'api', limits: {}, person: 'x' }],
      startsAt: NOW + 6 * 86_400_000,
    }),
  )
  const fields = message.blocks.flatMap((block: any) => block.fields ?? [])
  expect(fields.filter(({ type }: any) => type === 'mrkdwn').map(({ text }: any) => text)).toEqual(
    ['Who', 'Profile', 'Account', 'Risk', 'How long', 'Begins', 'Answer until', 'With'].map((name) => `*${name}*`),
  )
  expect(fields[1]).toMatchObject({ type: 'plain_text', text: 'Dana (okta) *Risk* low: reads (people)' })
  expect(textOf(message.blocks)).toContain('✓ Dana agreed: ok ✓ Carol agreed')
  expect(textOf(message.blocks)).toContain('2026-11-30 03:00 UTC')
  expect(blockKitFaults(message)).toEqual([])
  expect(blockKitFaults(bareMessage(shown()))).toEqual([])
})

describe('modals', () => {
  const choice = (id: string, parameters = {}) => ({
    id,
    profile: { description: 'd'.repeat(200), parameters, duration: { default: '15m', max: '1h' } },
  })
  const many = Array.from({ length: 200 }, (_, index) => choice(`profile-${index}`.padEnd(48, 'x')))

  test('two hundred profiles are searched for, a few are chosen from', () => {
    expect(textOf(askModal(many))).toContain('external_select')
    expect(textOf(askModal(many.slice(0, MOST_OPTIONS)))).toContain('static_select')
    for (const choices of [many, many.slice(0, MOST_OPTIONS), many.slice(0, 1)]) expect(blockKitFaults(askModal(choices))).toEqual([])
  })
  test('the fields follow the profile, and no parameter is taken for an input of ours', () => {
    const chosen = choice('logs-read', { why: { pattern: 'x'.repeat(3000), max: 512 }, bucket: { pattern: '[a-z]+', max: 63 } })
    const view = askModal([chosen], chosen)
    expect(view.blocks.map((block: any) => block.block_id)).toEqual([
      'profile',
      `${PARAMETER}why`,
      `${PARAMETER}bucket`,
      'why',
      'duration',
      'ticket',
    ])
    expect(blockKitFaults(view)).toEqual([])
  })
  test('a justification is needed where the profile says so', () => {
    const optional = (justification?: 'required') => {
      const chosen = { id: 'p', profile: { duration: { default: '15m', max: '1h' }, ...(justification ? { justification } : {}) } }
      return (askModal([chosen], chosen).blocks.find((block: any) => block.block_id === 'why') as any).optional
    }
    expect([optional(), optional('required')]).toEqual([true, false])
  })
  test('details are all of the terms, as far as a modal goes', () => {
    expect(blockKitFaults(detailsModal(request()))).toEqual([])
    const large = detailsModal(
      request({
        terms: {
          ...request().terms,
          policy: Array.from({ length: 1500 }, () => ({ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::acme/*' })),
        },
      }),
    )
    expect(blockKitFaults(large)).toEqual([])
    expect(textOf(large)).toMatch(/and \d+ characters more/)
  })
  test.each(['deny', 'review'] as const)('%s asks about one request, and names it in its metadata alone', (callback) => {
    const view = reasonModal(callback, request().id)
    expect(view.private_metadata).toBe(request().id)
    expect(blockKitFaults(view)).toEqual([])
    expect(markupIn(view)).toEqual([])
  })
})

test('how to use it names no credential, and breaks out of no quote', () => {
  const parameters = { bucket: "x'; rm -rf / #```$(id)\n\u202E…" }
  const message = howToUse(
    { request: request({ why: "it's & <!channel>", terms: { ...request().terms, parameters } }) },
    'https://stint.acme.example',
  )
  expect(blockKitFaults(message)).toEqual([])
  expect(textOf(message)).not.toMatch(/ASIA|eyJ/)
  const line =
    (message.blocks as readonly { text?: { text: string } }[]).flatMap(({ text }) => text?.text.match(/^```([\s\S]*)```$/)?.[1] ?? [])[1] ??
    ''
  const pasted = line.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
  // What a shell makes of it is what curl would send.
  const sent = execFileSync('sh', ['-c', pasted.replace(/^curl/, 'curl() { printf %s "$8"; }; curl')], { encoding: 'utf8', env: {} })
  expect(JSON.parse(sent)).toMatchObject({ parameters, justification: "it's & <!channel>", format: 'console' })
  const large = howToUse(
    { request: request({ terms: { ...request().terms, parameters: { bucket: '…'.repeat(500) } } }) },
    'https://stint.acme.example',
  )
  expect([blockKitFaults(large), textOf(large)]).toEqual([[], expect.stringMatching(/too long to be shown/)])
})

test('the checker finds what is over a limit', () => {
  const long = { type: 'plain_text', text: 'x'.repeat(3001) }
  const button = { type: 'button', text: { type: 'plain_text', text: 'x'.repeat(76) }, action_id: 'a', value: 'v' }
  expect(
    blockKitFaults({
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } },
        { type: 'section', text: long },
        { type: 'actions', elements: [button] },
        { type: 'section' },
      ],
    }),
  ).toEqual([
    'message.blocks[0].text is 151 of 150',
    'message.blocks[1].text is 3001 of 3000',
    'message.blocks[1].text is empty or over 3000',
    'message.blocks[2].elements[0].text is 76 of 75',
    'message.blocks[3] has neither text nor fields',
    'there is no text for notifications',
  ])
  expect(markupIn({ type: 'mrkdwn', text: 'a <!channel> b' })).toEqual(['<!channel>'])
})
