/**
 * Replays and forgeries at Slack's endpoints. Each kind of call that may change something is taken as Slack would send it, and
 * forged in every way of the list; none has an effect, none reaches Slack, none makes Stint stumble, and the honest call
 * itself is good afterwards, once. What concerns signatures, Slack's own library judges too.
 */
import { verifySlackRequest } from '@slack/bolt'
import { type SignedForm, sign } from '@stint/sandbox/slack/person'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchange } from '../support/http.ts'
import { slackLab } from '../support/slack.ts'

let it: Awaited<ReturnType<typeof slackLab>>
let asked = ''
/** The honest calls, each made anew: a command, a button, the forms. */
const calls: { readonly [call: string]: () => Promise<SignedForm> } = {
  'the command that links': async () => {
    const { code } = (await it.call('POST', '/slack/link', await it.tokenOf('second-developer'), {})).json
    return it.at('second-developer').request.command(`link ${code}`)
  },
  'the command that unlinks': async () => it.at('auditor').request.command('unlink'),
  'the button that approves': async () => it.at('approver').request.press(it.root(asked) as never, 'approve'),
  'the form that denies': async () => {
    await it.at('approver').press(it.root(asked) as never, 'deny')
    return it.at('approver').request.submit(it.at('approver').open(), { reason: 'no' })
  },
  'the form that asks': async () => {
    await it.at('developer').command('')
    await it.at('developer').choose('profile', 'night')
    return it.at('developer').request.submit(it.at('developer').open(), { profile: 'night', justification: 'because' })
  },
}

beforeAll(async () => {
  it = await slackLab()
  for (const name of ['oncall', 'approver', 'developer', 'auditor'] as const) await it.link(name)
  it.sandbox.advance(601_000)
  asked = await it.ask('oncall', 'a night')
  await it.slack.notify()
})
afterAll(() => it.close())

type Forged = SignedForm
const resigned = (form: SignedForm, body: string, at = it.sandbox.now(), secret = it.slack.signingSecret): Forged => ({
  ...form,
  body,
  headers: sign(body, secret, at),
})
const headed = (form: SignedForm, headers: Record<string, string | undefined>): Forged => ({
  ...form,
  headers: Object.fromEntries(Object.entries({ ...form.headers, ...headers }).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >,
})
/** The form with another payload, or other fields of a command, signed by anyone who has the secret: Slack, or a thief of it. */
const changed = (form: SignedForm, fields: Readonly<Record<string, string>>, payload: (one: any) => void): Forged => {
  const sent = new URLSearchParams(form.body)
  const text = sent.get('payload')
  if (text === null) for (const [name, value] of Object.entries(fields)) sent.set(name, value)
  else {
    const one = JSON.parse(text)
    payload(one)
    sent.set('payload', JSON.stringify(one))
  }
  return resigned(form, sent.toString())
}
const signatureOf = ({ headers }: SignedForm) => headers['x-slack-signature'] ?? ''
const stampOf = ({ headers }: SignedForm) => Number(headers['x-slack-request-timestamp'])

const UNSIGNED = 401
const ODD = 400
type Forgery = readonly [name: string, status: number, forge: (form: SignedForm) => Forged, bolt?: 'judges']
const forgeries: readonly Forgery[] = [
  ['no signature', UNSIGNED, (form) => headed(form, { 'x-slack-signature': undefined })],
  ['no timestamp', UNSIGNED, (form) => headed(form, { 'x-slack-request-timestamp': undefined })],
  ['an empty signature', UNSIGNED, (form) => headed(form, { 'x-slack-signature': '' })],
  ['a signature of zeros', UNSIGNED, (form) => headed(form, { 'x-slack-signature': `v0=${'0'.repeat(64)}` }), 'judges'],
  [
    'one bit of the signature',
    UNSIGNED,
    (form) => headed(form, { 'x-slack-signature': signatureOf(form).replace(/.$/, (last) => (last === '0' ? '1' : '0')) }),
    'judges',
  ],
  ['half a signature', UNSIGNED, (form) => headed(form, { 'x-slack-signature': signatureOf(form).slice(0, 35) }), 'judges'],
  [
    'the signature in capitals',
    UNSIGNED,
    (form) => headed(form, { 'x-slack-signature': signatureOf(form).toUpperCase().replace('V0', 'v0') }),
    'judges',
  ],
  [
    'a signature of another version',
    UNSIGNED,
    (form) => headed(form, { 'x-slack-signature': signatureOf(form).replace('v0', 'v1') }),
    'judges',
  ],
  ['two signatures in one', UNSIGNED, (form) => headed(form, { 'x-slack-signature': `${signatureOf(form)}, ${signatureOf(form)}` })],
  ['signed with another secret', UNSIGNED, (form) => resigned(form, form.body, it.sandbox.now(), 'not-the-secret'), 'judges'],
  ['signed with no secret', UNSIGNED, (form) => resigned(form, form.body, it.sandbox.now(), ''), 'judges'],
  ['a byte more in the body', UNSIGNED, (form) => ({ ...form, body: `${form.body}&` }), 'judges'],
  ['a member more in the body', UNSIGNED, (form) => ({ ...form, body: `${form.body}&text=link` }), 'judges'],
  ['another body under this signature', UNSIGNED, (form) => ({ ...form, body: 'payload=%7B%7D' }), 'judges'],
  [
    'a second later under this signature',
    UNSIGNED,
    (form) => headed(form, { 'x-slack-request-timestamp': String(stampOf(form) + 1) }),
    'judges',
  ],
  ['301 seconds old', UNSIGNED, (form) => resigned(form, form.body, it.sandbox.now() - 301_000)],
  ['a day old', UNSIGNED, (form) => resigned(form, form.body, it.sandbox.now() - 86_400_000)],
  ['301 seconds ahead', UNSIGNED, (form) => resigned(form, form.body, it.sandbox.now() + 302_000)],
  ['a timestamp in milliseconds', UNSIGNED, (form) => headed(form, { 'x-slack-request-timestamp': `${stampOf(form)}000` }), 'judges'],
  ['a timestamp with a fraction', UNSIGNED, (form) => headed(form, { 'x-slack-request-timestamp': `${stampOf(form)}.0` }), 'judges'],
  ['a timestamp in hex', UNSIGNED, (form) => headed(form, { 'x-slack-request-timestamp': `0x${stampOf(form).toString(16)}` }), 'judges'],
  [
    'another workspace',
    ODD,
    (form) =>
      changed(form, { team_id: 'T0OTHER' }, (one) =>
        Object.assign(one, { team: { id: 'T0OTHER' }, user: { ...one.user, team_id: 'T0OTHER' } }),
      ),
  ],
  ['another app', ODD, (form) => changed(form, { api_app_id: 'A0OTHER' }, (one) => Object.assign(one, { api_app_id: 'A0OTHER' }))],
  [
    'installed for a whole Enterprise Grid',
    ODD,
    (form) => changed(form, { is_enterprise_install: 'true' }, (one) => Object.assign(one, { is_enterprise_install: true })),
  ],
  ['no user', ODD, (form) => changed(form, { user_id: '' }, (one) => Object.assign(one, { user: {} }))],
  ['a user that is no id', ODD, (form) => changed(form, { user_id: 'U0AVERY#' }, (one) => Object.assign(one.user, { id: 'U0AVERY#' }))],
  ['a list of users', ODD, (form) => changed(form, { user_id: 'U0AVERY,U0OLU' }, (one) => Object.assign(one, { user: [one.user] }))],
  [
    'the prototype for a user',
    ODD,
    (form) => changed(form, { user_id: '__proto__' }, (one) => Object.assign(one.user, { id: '__proto__' })),
  ],
  ['a body that is no UTF-8', ODD, (form) => resigned(form, `${form.body}&x=%FF%FE`)],
  ['a member twice', ODD, (form) => resigned(form, `${form.body}&${form.body}`)],
  ['JSON in place of a form', ODD, (form) => resigned(form, JSON.stringify(Object.fromEntries(new URLSearchParams(form.body))))],
  ['nothing at all', ODD, (form) => resigned(form, '')],
  ['more than Slack ever sends', 413, (form) => resigned(form, `${form.body}&x=${'x'.repeat(600_000)}`)],
]
const payloadOnly: readonly Forgery[] = [
  // Told so, and nothing else.
  ['a stranger of Slack Connect', 200, (form) => changed(form, {}, (one) => Object.assign(one.user, { team_id: 'T0OTHER' }))],
  [
    'a user of another organization’s app',
    ODD,
    (form) => changed(form, {}, (one) => Object.assign(one, { team: null, enterprise: { id: 'E0ACME' }, is_enterprise_install: true })),
  ],
  ['a type that Stint does not know', ODD, (form) => changed(form, {}, (one) => Object.assign(one, { type: 'message_action' }))],
  [
    'doubled members in the payload',
    ODD,
    (form) =>
      resigned(
        form,
        new URLSearchParams({
          payload: (new URLSearchParams(form.body).get('payload') ?? '').replace('{', '{"type":"closed",'),
        }).toString(),
      ),
  ],
  [
    'a payload that is a list',
    ODD,
    (form) => resigned(form, new URLSearchParams({ payload: `[${new URLSearchParams(form.body).get('payload')}]` }).toString()),
  ],
  [
    'a payload that is nested too deep',
    ODD,
    (form) => resigned(form, new URLSearchParams({ payload: `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}` }).toString()),
  ],
]
const toElsewhere: Forgery = [
  'an answer to be sent elsewhere',
  ODD,
  (form) =>
    changed(form, { response_url: 'https://hooks.slack.com.evil.example/x' }, (one) =>
      Object.assign(one, { response_url: 'https://evil.example/x' }),
    ),
]
/** Good signatures of Slack's for people who are not who they would have to be: heard, and refused. */
const others: readonly (readonly [string, string])[] = [
  ['somebody without a link', 'U0SAM'],
  ['a guest', 'U0GUEST'],
  ['a guest of one channel', 'U0SINGLE'],
  ['somebody who has left', 'U0LEFT'],
  ['a bot', 'U0BOT'],
  ['somebody whom Slack does not know', 'U0NOBODY'],
]

const sentTo = async (form: Forged) => {
  const answer = await exchange(it.sandbox.urls.broker, {
    method: 'POST',
    path: form.path,
    headers: Object.entries(form.headers).flat(),
    body: form.body,
  })
  return { status: answer.status, text: answer.text }
}
/** Everything that is written in the audit log: no effect is no record. */
const effects = () => it.sandbox.aws.dynamo.records.filter(({ table }) => table === 'stint').length
let calledSlack = 0
beforeAll(() => {
  it.slack.intercept = () => void calledSlack++
})

let count = 0
describe.each(Object.keys(calls))('%s', (name) => {
  let form: SignedForm
  const refuse = async ([, status, forge, bolt]: Forgery) => {
    form ??= await (calls[name] as () => Promise<SignedForm>)()
    const forged = forge(form)
    const before = [effects(), calledSlack]
    const answer = await sentTo(forged)
    expect(answer.status).toBe(status)
    expect([effects(), calledSlack]).toEqual(before)
    count++
    if (bolt === 'judges') {
      const headers = forged.headers as never
      expect(() =>
        verifySlackRequest({
          signingSecret: it.slack.signingSecret,
          body: forged.body,
          headers,
          nowMilliseconds: it.sandbox.now(),
        } as never),
      ).toThrow()
    }
  }
  test.each(forgeries)('%s', async (...forgery) => refuse(forgery as unknown as Forgery))
  if (!name.startsWith('the command')) test.each(payloadOnly)('%s', async (...forgery) => refuse(forgery as unknown as Forgery))
  if (!name.startsWith('the form')) test(toElsewhere[0], () => refuse(toElsewhere))

  if (!name.endsWith('links')) {
    test.each(others)('%s', async (_name, user) => {
      const before = effects()
      const answer = await sentTo(changed(form, { user_id: user }, (one) => Object.assign(one.user, { id: user })))
      expect(answer.status).toBe(200)
      expect(effects()).toBe(before)
      count++
    })
  }

  test('the honest call is good, once; the same again does nothing', async () => {
    const honest = await (calls[name] as () => Promise<SignedForm>)()
    const before = effects()
    expect((await sentTo(honest)).status).toBe(200)
    const after = effects()
    expect(after).toBeGreaterThan(before)
    const again = await Promise.all(Array.from({ length: 3 }, () => sentTo(honest)))
    expect(again).toEqual(again.map(() => ({ status: 200, text: '' })))
    expect(effects()).toBe(after)
    expect(
      verifySlackRequest({
        signingSecret: it.slack.signingSecret,
        body: honest.body,
        headers: honest.headers as never,
        nowMilliseconds: it.sandbox.now(),
      } as never),
    ).toBeUndefined()
    count += 3
    // The next kind decides on a request of its own.
    it.sandbox.advance(3_700_000)
    await it.slack.notify()
    asked = await it.ask('oncall', `a night after ${name}`)
    await it.slack.notify()
  })
})

test('there are at least a hundred of them', () => {
  process.stdout.write(`${count} forgeries and replays at Slack's endpoints, none of them let in\n`)
  expect(count).toBeGreaterThanOrEqual(100)
})
