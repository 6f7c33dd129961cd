/** Messages and modals of every request there could be keep Slack's limits, and nothing that people wrote is markup in them. */

import { execFileSync } from 'node:child_process'
import type { AccessRequest } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import { summaryOf } from '@stint/core/request/summary'
import { hiddenIn } from '@stint/core/testing/hidden'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bareMessage,
  buttons,
  endingMessage,
  howToUse,
  linkMessage,
  outcomeMessage,
  requestMessage,
  type ShownRequest,
  threadMessage,
} from './messages.ts'
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
      sourceIdentity: 'acme.dev-1',
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
    expiresAt: NOW + 30 * MINUTE,
    approvals: [],
    limits: {},
    told: [],
    sessions: [],
    ...change,
  }) as unknown as AccessRequest
const place = { description: 'Administrator of production', account: '111122223333' }
const shown = (change: object = {}, more: Partial<ShownRequest> & { readonly description?: string } = {}): ShownRequest => {
  const { description = place.description, ...rest } = more
  return {
    request: request(change),
    summary: summaryOf(request(change), { ...place, description }, NOW),
    needed: [{ count: 1, missing: 1 }],
    now: NOW,
    ...rest,
  }
}
const textOf = (node: unknown): string => JSON.stringify(node)
const buttonsOf = (message: { blocks: readonly any[] }) =>
  message.blocks.flatMap(({ type, elements }) => (type === 'actions' ? elements.map((element: any) => element.action_id) : []))

describe('a request', () => {
  test('that waits says who, what, where, why, how long, until when, and has its buttons', () => {
    const message = requestMessage(shown({ justification: 'INC-4711: orders are down', ticket: 'OPS-17' }, { onCall: 'S0001' }))
    for (const words of [
      '🚨 BREAK-GLASS needs your approval',
      'Dana (acme.dev-1)',
      'break-glass: Administrator of production',
      '111122223333 (prod-admin)',
      'arn:aws:iam::111122223333:role/stint/Admin',
      'low: read-only',
      'up to 1h per session',
      '3 sessions',
      '2026-11-24 03:30 UTC',
      'INC-4711',
      'OPS-17',
      's3:GetObject on arn:aws:s3:::acme/*',
      '1 more approval is needed',
      '<!subteam^S0001>',
    ])
      expect(textOf(message.blocks)).toContain(words)
    expect(textOf(message.blocks)).not.toContain('lasting access')
    expect(message.text).toBe('🚨 BREAK-GLASS needs your approval: Dana (acme.dev-1) → break-glass')
    expect(message.color).toBe('#b00020')
    expect(requestMessage(shown({ breakGlass: false })).color).toBeUndefined()
    expect(buttonsOf(message)).toEqual([buttons.approve, buttons.deny, buttons.details])
    expect(blockKitFaults(message)).toEqual([])
  })
  test('counts the sessions for which AWS returned credentials', () => {
    const sessions = [{ state: 'issued', issued: {} }, { state: 'failed' }, { state: 'abandoned' }, { state: 'reserved' }]
    const message = requestMessage(shown({ state: 'approved', windowExpiresAt: NOW + MINUTE, usesLeft: 2, sessions }))
    expect(textOf(message.blocks)).toContain('Sessions issued: 1. Uses left: 2.')
  })
  test('says what access its sessions could leave behind', () => {
    const terms = {
      ...request().terms,
      policy: [{ Effect: 'Allow' as const, Action: ['kms:CreateGrant', 'ecr:*'], Resource: '*' }],
      mints: ['ecr:GetAuthorizationToken'],
    }
    const message = requestMessage(shown({ terms }))
    expect(textOf(message.blocks)).toMatch(
      /Can create lasting access.*ecr:GetAuthorizationToken, kms:CreateGrant, ecr:SetRepositoryPolicy, ecr:PutRegistryPolicy/,
    )
    const all = requestMessage(shown({ terms: { ...terms, policy: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } }))
    expect(textOf(all.blocks)).toMatch(/Can create lasting access.*ecr:GetAuthorizationToken, iam:AttachRolePolicy, .* and \d+ more/)
    expect(blockKitFaults(all)).toEqual([])
  })
  test.each<[string, object, string, readonly string[]]>([
    [
      'approved',
      { state: 'approved', windowStartsAt: NOW, windowExpiresAt: NOW + MINUTE, usesLeft: 2 },
      'BREAK-GLASS approved',
      [buttons.review, buttons.details],
    ],
    [
      'denied',
      { state: 'denied', decidedBy: { ...dana, name: 'Ann', subject: 'ann-1' }, decision: { at: NOW, comment: 'use the runbook' } },
      'denied by Ann (people/ann-1): use the runbook',
      [buttons.details],
    ],
    ['expired by time alone', { expiresAt: NOW - 1 }, 'expired without a decision', [buttons.details]],
    [
      'over',
      { state: 'approved', windowStartsAt: NOW - 2, windowExpiresAt: NOW - 1, usesLeft: 0 },
      'It has not been reviewed yet',
      [buttons.review, buttons.details],
    ],
    [
      'reviewed',
      { state: 'ended', windowStartsAt: NOW - 2, windowExpiresAt: NOW - 1, review: { by: dana, at: NOW, text: 'restarted the service' } },
      'ended and reviewed',
      [buttons.details],
    ],
    ['no break-glass', { breakGlass: false }, 'Access request needs approval', [buttons.approve, buttons.deny, buttons.details]],
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
    fc.constantFrom(
      '<',
      '>',
      '&',
      '!',
      '@',
      '*',
      '`',
      '|',
      '\n',
      'ש',
      '👩',
      '\u202E',
      '\u2066',
      '\u2069',
      '\u2068',
      '\u200B',
      '\u001B',
      '\uFE0F',
    ),
    fc.string({ unit: 'grapheme', maxLength: 1 }),
  ),
  maxLength: 3500,
})

/** Of every text in it; isolates in pairs are ours. */
const hiddenAnywhere = (node: unknown): readonly string[] =>
  typeof node === 'object' && node !== null
    ? Object.values(node).flatMap(hiddenAnywhere)
    : hiddenIn(String(node).replace(/\u2068([^\u2066-\u2069]*)\u2069/g, '$1'))

test('four long justifications and long permissions leave room for Slack, and stay whole where they fit', () => {
  const long = (text: string) => text.repeat(2000)
  const more = ['b', 'c', '\u202e'].map((text) => ({ at: NOW, text: long(text) }))
  const policy = Array.from({ length: 5 }, () => ({ Effect: 'Allow' as const, Action: 's3:*', Resource: long('r') }))
  const all = requestMessage(shown({ justification: long('a'), moreJustifications: more, terms: { ...request().terms, policy } }))
  expect(blockKitFaults(all)).toEqual([])
  expect(textOf(all.blocks)).toMatch(/“a{300,}…/)
  const two = requestMessage(shown({ justification: long('a'), moreJustifications: more.slice(0, 1) }))
  expect(textOf(two.blocks)).toContain(long('b'))
})

test('whatever people write, limits hold, nothing of it is markup, and nothing is hidden', () => {
  fc.assert(
    fc.property(anything, anything, anything, fc.array(anything, { maxLength: 10 }), (justification, name, comment, resources) => {
      const odd = { ...dana, name }
      const message = requestMessage(
        shown(
          {
            justification,
            caller: odd,
            ticket: comment.slice(0, 64),
            approvals: [{ approver: odd, comment, at: NOW, rules: [0], channel: 'api', limits: {}, person: 'x' }],
            review: { by: odd, at: NOW, text: comment },
            windowStartsAt: NOW,
            terms: {
              ...request().terms,
              policy: resources.map((resource) => ({ Effect: 'Allow', Action: 's3:*', Resource: resource })),
              parameters: { a: justification },
            },
          },
          { description: comment },
        ),
      )
      const ending = { ...session, id: `${comment}.1` } as Session
      const ends = endingMessage(request({ profile: name, sessions: [ending] }), ending, 'extend', NOW)
      for (const one of [message, ends]) expect([blockKitFaults(one), markupIn(one), hiddenAnywhere(one)]).toEqual([[], [], []])
    }),
    { numRuns: 200 },
  )
})

const session = { id: 'req_01ARYZ6S410000000000000000.8k2m4p6q', state: 'issued', expiresAt: NOW + 10 * MINUTE } as Session

describe('a session that is about to end', () => {
  const wordsOf = (step: 'extend' | 'review', ...sessions: Session[]) =>
    textOf(endingMessage(request({ sessions }), session, step, NOW)).replace(/[\u2066-\u2069]/g, '')
  test.each<[string, string, RegExp]>([
    ['says which one, and when', wordsOf('extend', session), /Your session of break-glass ends at 2026-11-24 03:10 UTC\..*8k2m4p6q/],
    [
      'names the command to extend it',
      wordsOf('extend', session),
      /request an extension: \/stint extend req_01ARYZ6S410000000000000000\\nIf an/,
    ],
    [
      'says that a break-glass needs its review',
      wordsOf('review', session),
      /ask an approver or an auditor to review .* \/stint extend req_/,
    ],
    [
      'names the end of the last one',
      wordsOf('extend', session, { ...session, expiresAt: NOW + 20 * MINUTE }),
      /ends at 2026-11-24 03:10 UTC\. The last session of this request ends at 2026-11-24 03:20 UTC\./,
    ],
  ])('%s', (_name, words, expected) => expect(words).toMatch(expected))
  test('names no other end if it is the last one', () => expect(wordsOf('extend', session)).not.toContain('The last session'))
})

describe('wherever somebody is named, who they are stands beside the name', () => {
  const ann = { issuer: 'people', subject: 'ann-1', name: 'Dana', kind: 'human' as const }
  const event = (type: string, more: object = {}) => ({ type, by: ann, at: '2026-11-24T03:00:00.000Z', ...more }) as never
  test.each([
    ['approval.given', 'Dana (people/ann-1) approved it'],
    ['request.denied', 'Dana (people/ann-1) denied it'],
    ['request.cancelled', 'Dana (people/ann-1) cancelled it'],
    ['request.revoked', 'Dana (people/ann-1) revoked it'],
    ['request.reviewed', 'Dana (people/ann-1) completed the review'],
    ['session.issued', 'Dana (acme.dev-1) got a session until'],
    ['session.ended', 'Dana (people/ann-1) ended a session. It had no credentials yet'],
  ])('in the thread: %s', (type, words) => expect(threadMessage(event(type), shown())?.message.text).toContain(words))
  test('an end says what Stint has requested, if the target ends sessions at once', () => {
    const ended = event('session.ended', { credentialsExpireBy: '2026-11-24T04:00:00.000Z' })
    const words = 'Stint has requested that AWS deny them before that. This usually takes seconds, and can take minutes'
    expect(threadMessage(ended, shown({}, { endsAtOnce: true }))?.message.text).toContain(words)
    expect(threadMessage(ended, shown())?.message.text).not.toContain('deny')
    // Without credentials, there is nothing to deny.
    expect(threadMessage(event('session.ended'), shown({}, { endsAtOnce: true }))?.message.text).not.toContain('deny')
    expect(threadMessage(event('request.revoked'), shown({}, { endsAtOnce: true }))?.message.text).not.toContain('deny')
  })
  test('to the requester', () => {
    expect(outcomeMessage(shown({ decidedBy: ann }), 'denied').text).toBe('break-glass: denied by Dana (people/ann-1)')
    const decision = { at: NOW, comment: 'use *logs-read*' }
    expect(outcomeMessage(shown({ decidedBy: ann, decision }), 'denied').text).toBe(
      'break-glass: denied by Dana (people/ann-1): use ∗logs-read∗',
    )
  })
  test('to a Slack user who was linked', () => {
    expect(linkMessage(event('link.made', { expiresAt: '2027-02-22T03:00:00.000Z' })).text).toMatch(
      /^You are linked to Dana \(people\/ann-1\) until/,
    )
    expect(linkMessage(event('link.ended')).text).toBe('You are no longer linked to Dana (people/ann-1).')
  })
  test('in the few words that are left of a message that Slack refused, with the risk', () => {
    expect(textOf(bareMessage(shown()).blocks)).toMatch(/Dana \(acme\.dev-1\)[\s\S]*low: read-only/)
  })
  test('in the modals in which somebody denies or reviews', () => {
    for (const callback of ['deny', 'review'] as const) {
      const view = reasonModal(callback, request().id, shown().summary)
      expect(textOf(view)).toContain('Dana (acme.dev-1)')
      expect(blockKitFaults(view)).toEqual([])
    }
  })
  test('and where the profile sends no source identity, issuer and subject do', () => {
    const { sourceIdentity: _none, ...terms } = request().terms
    expect(textOf(requestMessage(shown({ terms })).blocks)).toContain('Dana (people/dev-1)')
  })
})

test('names, comments and parameters are shown as they are written, each in its own place', () => {
  const forged = 'Dana (okta)\n\n*Risk*\nlow: read-only'
  const message = requestMessage(
    shown({
      caller: { ...dana, name: forged },
      terms: { ...request().terms, parameters: { key: '&'.repeat(450) } },
      approvals: [{ approver: dana, comment: 'ok\n✓ Carol approved', at: NOW, rules: [0], channel: 'api', limits: {}, person: 'x' }],
      startsAt: NOW + 6 * 86_400_000,
    }),
  )
  const fields = message.blocks.flatMap((block: any) => block.fields ?? [])
  expect(fields.filter(({ type }: any) => type === 'mrkdwn').map(({ text }: any) => text)).toEqual(
    ['Requester', 'Profile', 'Account', 'Role', 'Risk', 'Duration', 'Uses', 'Starts', 'Decide by', 'Parameter key'].map(
      (name) => `*${name}*`,
    ),
  )
  expect(fields[1]).toMatchObject({ type: 'plain_text', text: '“Dana (okta) ⏎ *Risk* ⏎ low: read-only” (acme.dev-1)' })
  expect(textOf(message.blocks)).toContain('✓ Dana (people/dev-1) approved: ok ⏎ ✓ Carol approved')
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
    const chosen = choice('logs-read', { justification: { pattern: 'x'.repeat(3000), max: 512 }, bucket: { pattern: '[a-z]+', max: 63 } })
    const view = askModal([chosen], chosen)
    expect(view.blocks.map((block: any) => block.block_id)).toEqual([
      'profile',
      `${PARAMETER}justification`,
      `${PARAMETER}bucket`,
      'justification',
      'duration',
      'ticket',
    ])
    expect(blockKitFaults(view)).toEqual([])
  })
  test('a justification is needed where the profile says so', () => {
    const optional = (justification?: 'required') => {
      const chosen = { id: 'p', profile: { duration: { default: '15m', max: '1h' }, ...(justification ? { justification } : {}) } }
      return (askModal([chosen], chosen).blocks.find((block: any) => block.block_id === 'justification') as any).optional
    }
    expect([optional(), optional('required')]).toEqual([true, false])
  })
  test('details are all of the terms, as far as a modal goes', () => {
    const detailsOf = (one: AccessRequest) => detailsModal(one, summaryOf(one, place, NOW))
    const small = detailsOf(request())
    expect(blockKitFaults(small)).toEqual([])
    expect(textOf(small)).toContain('Dana (acme.dev-1)')
    const large = detailsOf(
      request({
        terms: {
          ...request().terms,
          policy: Array.from({ length: 1500 }, () => ({ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::acme/*' })),
        },
      }),
    )
    expect(blockKitFaults(large)).toEqual([])
    expect(textOf(large)).toMatch(/and \d+ more characters/)
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
    { request: request({ justification: "it's & <!channel>", terms: { ...request().terms, parameters } }) },
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
  const explained = howToUse({ request: request({ justification: 'очередь заказов стоит. '.repeat(80) }) }, 'https://stint.acme.example')
  expect([blockKitFaults(explained), textOf(explained)]).toEqual([[], expect.not.stringMatching(/too long to show/)])
  const large = howToUse(
    { request: request({ terms: { ...request().terms, parameters: { bucket: '…'.repeat(500) } } }) },
    'https://stint.acme.example',
  )
  expect([blockKitFaults(large), textOf(large)]).toEqual([[], expect.stringMatching(/too long to show/)])
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
