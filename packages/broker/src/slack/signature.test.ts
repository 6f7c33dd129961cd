/** Signatures of Slack, ours beside the verifier that Slack's own framework has; ours is the stricter one. */
import { createHmac } from 'node:crypto'
import { verifySlackRequest } from '@slack/bolt/dist/receivers/verify-request.js'
import { describe, expect, test } from 'vitest'
import { verifySlack } from './signature.ts'

const NOW = Date.UTC(2026, 10, 24, 3)
const SECRET = '8f742231b10e8888abcd99yyyzzz85a5'
const stampOf = (offset = 0) => String(NOW / 1000 + offset)
const sign = (stamp: string, body: Uint8Array | string, secret = SECRET, version = 'v0') =>
  `${version}=${createHmac('sha256', secret).update(`${version}:${stamp}:`).update(body).digest('hex')}`

type Row = {
  readonly body?: Buffer
  readonly stamp?: readonly string[]
  readonly signature?: readonly string[]
  readonly secrets?: readonly string[]
}
const body = Buffer.from('token=x&team_id=T1&command=%2Fstint&text=caf%C3%A9')
const ours = ({ body: bytes = body, stamp = [stampOf()], signature = [sign(stampOf(), body)], secrets = [SECRET] }: Row) => {
  const headers = new Map([
    ['x-slack-request-timestamp', stamp],
    ['x-slack-signature', signature],
  ])
  const told = verifySlack({ headers, body: bytes }, secrets, NOW)
  return told.outcome === 'done' ? 'ok' : told.why
}
const theirs = ({ body: bytes = body, stamp = [stampOf()], signature = [sign(stampOf(), body)], secrets = [SECRET] }: Row) => {
  try {
    verifySlackRequest({
      signingSecret: secrets[0] ?? '',
      body: bytes.toString('utf8'),
      headers: { 'x-slack-request-timestamp': Number(stamp[0]), 'x-slack-signature': String(signature[0]) },
      nowMilliseconds: NOW,
    })
    return 'ok'
  } catch {
    return 'refused'
  }
}

test('the example of Slack’s documentation', () => {
  // "Verifying requests from Slack", step by step: secret, timestamp, body and the signature that they make.
  const documented =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c'
  const headers = new Map([
    ['x-slack-request-timestamp', ['1531420618']],
    ['x-slack-signature', ['v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503']],
  ])
  expect(verifySlack({ headers, body: Buffer.from(documented) }, [SECRET], 1531420618 * 1000)).toMatchObject({ outcome: 'done' })
})

describe('what both say alike', () => {
  test.each<[string, Row, boolean]>([
    ['now', {}, true],
    ['300 seconds old', { stamp: [stampOf(-300)], signature: [sign(stampOf(-300), body)] }, true],
    ['301 seconds old', { stamp: [stampOf(-301)], signature: [sign(stampOf(-301), body)] }, false],
    ['a year old', { stamp: [stampOf(-31_536_000)], signature: [sign(stampOf(-31_536_000), body)] }, false],
    ['another secret', { signature: [sign(stampOf(), body, 'other')] }, false],
    ['another body', { body: Buffer.from(`${body}&x=1`) }, false],
    ['a body in another order', { body: Buffer.from('team_id=T1&token=x&command=%2Fstint&text=caf%C3%A9') }, false],
    ['the same form, decoded otherwise', { body: Buffer.from('token=x&team_id=T1&command=/stint&text=caf%C3%A9') }, false],
    ['an empty body', { body: Buffer.from('') }, false],
    ['an empty body, signed', { body: Buffer.from(''), signature: [sign(stampOf(), '')] }, true],
    ['the timestamp of another call', { stamp: [stampOf(1)] }, false],
    ['another version', { signature: [sign(stampOf(), body, SECRET, 'v1')] }, false],
    ['no version', { signature: [sign(stampOf(), body).slice(3)] }, false],
    ['cut short', { signature: [sign(stampOf(), body).slice(0, -1)] }, false],
    ['empty', { signature: ['v0='] }, false],
    ['one digit wrong', { signature: [sign(stampOf(), body).replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))] }, false],
  ])('%s', (_name, row, expected) => {
    expect(theirs(row)).toBe(expected ? 'ok' : 'refused')
    expect(ours(row) === 'ok').toBe(expected)
  })
})

describe('where ours is stricter', () => {
  test.each<[string, Row, string]>([
    ['301 seconds ahead', { stamp: [stampOf(301)], signature: [sign(stampOf(301), body)] }, 'in the future'],
    ['a year ahead', { stamp: [stampOf(31_536_000)], signature: [sign(stampOf(31_536_000), body)] }, 'in the future'],
    ['300 seconds ahead', { stamp: [stampOf(300)], signature: [sign(stampOf(300), body)] }, 'ok'],
    ['capital letters', { signature: [sign(stampOf(), body).toUpperCase().replace('V0', 'v0')] }, 'signature is missing or invalid'],
    ['something behind it', { signature: [`${sign(stampOf(), body)}=x`] }, 'signature is missing or invalid'],
    ['two signatures', { signature: [sign(stampOf(), body), sign(stampOf(), body)] }, 'signature is missing or invalid'],
    ['two timestamps', { stamp: [stampOf(), stampOf()] }, 'timestamp is missing or invalid'],
    ['no signature', { signature: [] }, 'signature is missing or invalid'],
    ['no timestamp', { stamp: [] }, 'timestamp is missing or invalid'],
    ['a timestamp with a sign', { stamp: [`+${stampOf()}`] }, 'timestamp is missing or invalid'],
    [
      'a timestamp with a fraction',
      { stamp: [`${stampOf()}.0`], signature: [sign(`${stampOf()}.0`, body)] },
      'timestamp is missing or invalid',
    ],
    ['a timestamp in milliseconds', { stamp: [String(NOW)], signature: [sign(String(NOW), body)] }, 'timestamp is missing or invalid'],
    ['a timestamp in hex', { stamp: ['0x6565d000'] }, 'timestamp is missing or invalid'],
    ['a timestamp with a space', { stamp: [` ${stampOf()}`] }, 'timestamp is missing or invalid'],
    ['a timestamp that is none', { stamp: ['NaN'], signature: [sign('NaN', body)] }, 'timestamp is missing or invalid'],
  ])('%s', (_name, row, expected) => expect(ours(row)).toContain(expected))
  test('bytes that are no UTF-8 are what is signed, not what they decode to', () => {
    const bytes = Buffer.from([0x70, 0x3d, 0xff, 0xfe])
    expect(ours({ body: bytes, signature: [sign(stampOf(), bytes)] })).toBe('ok')
    expect(ours({ body: bytes, signature: [sign(stampOf(), bytes.toString('utf8'))] })).toBe('the signature does not match')
  })
  test.each([[[]], [['']], [['new', '']]])('secrets %j: nobody is let in by nothing', (secrets) => {
    expect(() => ours({ secrets })).toThrow(/is empty/)
  })
  test('while a secret is rotated, both hold', () => {
    expect(ours({ secrets: ['new', SECRET] })).toBe('ok')
    expect(ours({ secrets: [SECRET, 'old'] })).toBe('ok')
    expect(ours({ secrets: ['new', 'old'] })).toBe('the signature does not match')
  })
})
