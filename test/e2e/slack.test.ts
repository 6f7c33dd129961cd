/**
 * Slack from end to end: the broker's own functions against a look-alike that speaks as Slack does, over real HTTP. Who gets
 * in, who does not, and what people are told.
 */
import { denyKey } from '@stint/broker/adapters/dynamodb/end-notes'
import { MAX_DENIED_SESSIONS } from '@stint/core/request/immediate-end'
import { tables } from '@stint/sandbox/aws/world'
import type { MemberName } from '@stint/sandbox/slack/workspace'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { brokenInvariants } from '../support/checkers.ts'
import { stint } from '../support/cli.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { slackIn, slackLab, textOf } from '../support/slack.ts'
import { stage, times, writing } from '../support/stage.ts'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
  it = slackIn(sandbox)
})
afterAll(() => sandbox.close())

let it: ReturnType<typeof slackIn>

describe('the night', () => {
  test('unlinked people can do nothing but link', async () => {
    await it.at('oncall').command('')
    expect(it.modal('oncall')).toMatch(/Link it first/)
  })

  test('linking takes both sides; a code is good once', async () => {
    for (const name of ['oncall', 'approver', 'developer', 'auditor'] as const) await it.link(name)
    await it.at('oncall').command('status')
    expect(it.lastSeen('oncall', it.at('oncall').direct).text).toMatch(/You are Olu On-Call \(acme\.[\w-]+-onc-1\)/)
    // Decisions count only ten minutes later.
    sandbox.advance(601_000)
  })

  test('break-glass: asked, agreed to, entered, reviewed, all from Slack', async () => {
    await it.at('oncall').command('')
    expect(it.modal('oncall')).toMatch(/break-glass/)
    await it.at('oncall').choose('profile', 'break-glass')
    const justification = 'Orders are down <!channel> & nobody knows why'
    await it.at('oncall').submit({ profile: 'break-glass', justification, duration: '20m', ticket: 'INC-7' })
    expect(it.modal('oncall')).toMatch(/has been sent to its approvers/)
    await it.slack.notify()

    const root = it.lastSeen('approver', 'C0ACCESS')
    expect(textOf(root.blocks)).toMatch(/BREAK-GLASS needs your approval/)
    expect(textOf(root.blocks)).toContain('<!subteam^S0ONCALL>')
    expect(textOf(root.blocks)).toMatch(/Olu On-Call \(acme\.[\w-]+-onc-1\)/)
    expect(textOf(root.blocks)).toMatch(/INC-7/)
    const id = /req_\w{26}/.exec(textOf(root.blocks))?.[0] ?? ''

    // Nobody agrees with themselves, and is told so where they are.
    await it.at('oncall').press(root, 'approve')
    expect(it.lastSeen('oncall', 'C0ACCESS').text).toMatch(/You cannot decide your own request/)
    const sent = await it.at('approver').press(root, 'approve')
    expect([sent.status, sent.body]).toEqual([200, ''])
    await it.slack.notify()
    expect(textOf(root.blocks)).toMatch(/BREAK-GLASS approved/)
    expect(textOf(root.blocks)).toMatch(/Avery Approver \(people\/[\w-]+\) approved/)
    expect(textOf(root.blocks)).not.toMatch(/"Approve"/)

    // The requester is told how to use it, and uses it as told.
    const told = it.lastSeen('oncall', it.at('oncall').direct)
    const line =
      /-d '(\{.*?\})'/
        .exec(textOf(told.blocks).replaceAll('\\"', '"'))?.[1]
        ?.replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&amp;', '&') ?? ''
    const vended = await sandbox.vend(await sandbox.token('oncall'), { ...JSON.parse(line), format: 'json' })
    expect(vended.status).toBe(201)
    expect(vended.json.requestId).toBe(id)
    expect(Date.parse(vended.json.credentials.expiration) - sandbox.now()).toBeLessThanOrEqual(20 * 60_000)
    await it.slack.notify()
    const thread = it
      .at('approver')
      .sees('C0ACCESS')
      .filter(({ thread }) => thread === root.ts)
      .map(({ text }) => text)
    expect(thread).toEqual([
      expect.stringMatching(/^Avery Approver \(people\/[\w-]+\) approved it$/),
      expect.stringMatching(/^Approved\. Uses: 3, until /),
      expect.stringMatching(/^Olu On-Call \(acme\.[\w-]+\) got a session until /),
    ])

    // More time can be requested once the break-glass has been reviewed, in the last half of the session.
    const oncall = it.at('oncall')
    const says = async (text: string) => {
      await oncall.command(text)
      return it.lastSeen('oncall', oncall.direct).text
    }
    const session = vended.json.id as string
    sandbox.settle()
    expect(await says('status')).toContain(session)
    sandbox.advance(11 * 60_000)
    expect(await says(`extend ${id}`)).toMatch(/This break-glass request has not been reviewed. Ask an approver/)

    // The review is closed from that thread too, by somebody else.
    const below = it
      .at('approver')
      .sees('C0ACCESS')
      .find(({ thread, text }) => thread === root.ts && text.startsWith('Approved'))
    await it.at('approver').press(below as never, 'review')
    await it.at('approver').submit({ reason: '' })
    expect(it.at('approver').open().errors).toEqual({ reason: 'Enter what was done.' })
    await it.at('approver').submit({ reason: 'Rolled back, rightly' })
    await it.slack.notify()
    expect(textOf(root.blocks)).toMatch(/Reviewed by Avery Approver \(people\/[\w-]+\): Rolled back, rightly/)

    expect(await says(`extend ${id} Still not sure why`)).toMatch(/has been sent to its approvers.*req_\w{26}/s)
    await it.slack.notify()
    expect(textOf(it.lastSeen('approver', 'C0ACCESS').blocks)).toMatch(new RegExp(`Extends.*${id}.*Still not sure why`, 's'))
    expect(await says('extend')).toMatch(/Name the request/)
    expect(await says('end')).toMatch(/Name the session/)
    const refused = async () => {
      await sandbox.ship()
      return (await sandbox.get('/audit/events?outcome=session-unknown', await sandbox.token('auditor'))).json.events
    }
    const before = (await refused()).length
    expect(await says('end req_nonsense')).toMatch(/Session not found/)
    expect(await refused()).toHaveLength(before + 1)
    expect((await refused())[0]).toMatchObject({ event: { source: expect.stringMatching(/^slack:/) } })
    expect(await says(`end ${session}`)).toMatch(/^Ended\. Its last credentials work until /)
    expect(await says(`end ${session}`)).toMatch(/^Ended\./)
    expect(await says(`extend ${id}`)).toMatch(/This request has no live session. Make a new request./)
    const { json: ended } = await sandbox.get(`/sessions/${session}`, await sandbox.token('oncall'))
    expect(ended).toMatchObject({ state: 'ended', endedBy: 'caller' })
    expect(await brokenInvariants(sandbox, [vended.json.credentials.accessKeyId])).toEqual([])
  })
})

test('a session of a target with revocation is ended at once from Slack', async () => {
  const dana = it.at('developer')
  const { json: session } = await sandbox.vend(await sandbox.token('developer'), { profile: 'staging-power' })
  await dana.command(`end ${session.id}`)
  expect(it.lastSeen('developer', dana.direct).text).toMatch(/^Ended\. (Stint is adding the session|AWS has the policy)/)
  await sandbox.endSessions()
  await dana.command(`end ${session.id}`)
  expect(it.lastSeen('developer', dana.direct).text).toMatch(/^Ended\. AWS has the policy that denies its credentials\./)
  const { json: ended } = await sandbox.get(`/sessions/${session.id}`, await sandbox.token('developer'))
  expect(ended).toMatchObject({ state: 'ended', endedBy: 'caller', immediateEnd: 'read-back' })
})

test('a session of a role whose policy is full is ended from Slack, if its caller lets the credentials work', async () => {
  const dana = it.at('developer')
  const says = async (text: string) => {
    await dana.command(text)
    return it.lastSeen('developer', dana.direct).text
  }
  const { json: session } = await sandbox.vend(await sandbox.token('developer'), { profile: 'staging-power' })
  const pk = { S: denyKey(session.roleArn) }
  const side = (action: 'PutItem' | 'DeleteItem', more: object) => sandbox.aws.dynamo.direct(action, { TableName: tables.side, ...more })
  const rows = Array.from({ length: MAX_DENIED_SESSIONS }, (_, at) => ({ pk, sk: { S: `1${String(at).padStart(7, '0')}` } }))
  const [notedAt, until] = [sandbox.now(), sandbox.now() + 1_800_000].map((time) => ({ N: String(time) }))
  const facts = { request: { S: `req_${'0'.repeat(26)}` }, issuedAt: notedAt, notedAt, until, state: { S: 'read-back' } }
  await Promise.all(rows.map((row) => side('PutItem', { Item: { ...row, ...facts } })))
  await side('PutItem', { Item: { pk, sk: { S: 'COUNT' }, count: { N: String(MAX_DENIED_SESSIONS) } } })

  expect(await says(`end ${session.id}`)).toMatch(/Nothing was changed\..*enter \/stint end req_\S+ keep\./s)
  expect(await says(`end ${session.id} all`)).toBe('Enter /stint end SESSION, or /stint end SESSION keep.')
  const state = async () => (await sandbox.get(`/sessions/${session.id}`, await sandbox.token('developer'))).json.state
  expect(await state()).toBe('issued')
  expect(await says(`end ${session.id} keep`)).toMatch(/^Ended\. Its last credentials work until /)
  expect(await state()).toBe('ended')
  await Promise.all([...rows, { pk, sk: { S: 'COUNT' } }].map((Key) => side('DeleteItem', { Key })))
})

describe('what people meet there', () => {
  const staged = stage()
  let lab: Awaited<ReturnType<typeof slackLab>>
  const HOUR = 3_600_000
  beforeAll(async () => {
    lab = await slackLab({ intercept: staged.intercept })
    for (const name of ['oncall', 'approver', 'auditor', 'developer', 'second-developer'] as const) await lab.link(name)
    lab.sandbox.advance(601_000)
    await lab.slack.notify()
  })
  afterAll(() => lab.close())
  /** Nothing that one test asked for stands in the way of the next. */
  afterEach(async () => {
    lab.sandbox.advance(HOUR)
    await lab.sandbox.sweep()
    await lab.slack.notify()
  })
  const direct = (name: 'oncall' | 'approver' | 'auditor' | 'developer') =>
    lab
      .at(name)
      .sees(lab.at(name).direct)
      .map(({ text }) => text)

  test('the form asks for what the profile needs, and says at the field what is wrong with it', async () => {
    const dana = lab.at('developer')
    await dana.shortcut()
    await dana.choose('profile', 'bucket')
    expect(lab.modal('developer')).toMatch(/"block_id":"p.bucket"/)
    await dana.submit({ profile: 'bucket', 'p.bucket': 'evil*', justification: 'x' })
    expect(dana.open().errors).toEqual({ 'p.bucket': expect.stringMatching(/bucket/) })
    await dana.submit({ profile: 'bucket', 'p.bucket': 'acme-logs', duration: 'soon' })
    expect(dana.open().errors).toEqual({ duration: expect.stringMatching(/duration/) })
    await dana.submit({ profile: 'bucket', 'p.bucket': 'acme-logs', ticket: 'no spaces' })
    expect(dana.open().errors).toEqual({ ticket: expect.stringMatching(/ticket/) })
    await dana.choose('profile', 'night')
    await dana.submit({ profile: 'night' })
    expect(dana.open().errors).toEqual({ justification: expect.stringMatching(/justification/) })
    await dana.submit({ profile: 'lab-one', justification: 'x' })
    expect(dana.open().errors).toEqual({ profile: expect.stringMatching(/Profile not found/) })
    await dana.choose('profile', 'bucket')
    await dana.submit({ profile: 'bucket', 'p.bucket': 'acme-logs', justification: 'é'.repeat(2001) })
    expect(dana.open().errors).toEqual({ justification: expect.stringMatching(/2000 characters, and 4000 bytes/) })
  })

  test('two hundred profiles are searched', async () => {
    const sam = lab.at('second-developer')
    await sam.command('')
    expect(lab.modal('second-developer')).toMatch(/external_select/)
    const find = vi.spyOn(lab.sandbox.rules.profiles, 'find')
    expect(await sam.suggest('profile', '')).toHaveLength(100)
    // The form was opened before, and read them all.
    expect(find).not.toHaveBeenCalled()
    find.mockRestore()
    expect(await sam.suggest('profile', 'crowd-17')).toEqual(Array.from({ length: 10 }, (_, at) => `crowd-17${at}`))
    expect(await sam.suggest('profile', 'team 42')).toEqual(['crowd-042'])
    expect(await sam.suggest('profile', 'night')).toEqual([])
    await sam.choose('profile', 'crowd-042')
    await sam.submit({ profile: 'crowd-042', justification: 'x' })
    expect(lab.modal('second-developer')).toMatch(/has been sent to its approvers/)
  })

  test('an approver whom the rules name gets it directly, and every copy follows what was decided elsewhere', async () => {
    const id = await lab.ask('oncall', 'why not')
    await lab.slack.notify()
    const copies = [lab.root(id), lab.root(id, lab.at('approver').direct)]
    expect(copies.map((copy) => textOf(copy?.blocks ?? []).includes('<!subteam^'))).toEqual([true, false])
    await lab.call('POST', `/requests/${id}/deny`, await lab.tokenOf('approver'), { comment: 'not now' })
    await lab.slack.notify()
    for (const copy of copies) expect(textOf(copy?.blocks ?? [])).toMatch(/denied by approver \(lab\/approver\)/)
    expect(direct('oncall').at(-1)).toBe('night: denied by approver (lab/approver): not now')
  })

  test('a freeze that stops a responder is told to all of them, once, and so is its release', async () => {
    const freeze = async (scope: object) =>
      (await lab.call('POST', '/freezes', await lab.tokenOf('approver'), { scope, justification: 'a key was seen <elsewhere>' })).json.id
    const seen = () =>
      [
        lab.at('oncall').sees('C0ACCESS'),
        lab.at('approver').sees(lab.at('approver').direct),
        lab.at('oncall').sees(lab.at('oncall').direct),
      ].map((messages) => messages.map(({ text }) => text).filter((text) => /froze|the freeze of/.test(text)))
    const id = await freeze({ kind: 'subject', issuer: 'lab', id: 'oncall' })
    await lab.slack.notify()
    await lab.slack.notify()
    const set = expect.stringMatching(
      /^approver \(lab\/approver\) froze the subject oncall of the issuer lab: “a key was seen &lt;elsewhere&gt;”\./,
    )
    expect(seen()).toEqual([[set], [set], [set]])
    for (const name of ['approver', 'auditor']) await lab.call('DELETE', `/freezes/${id}`, await lab.tokenOf(name))
    await lab.slack.notify()
    const released = 'auditor (lab/auditor) released the freeze of the subject oncall of the issuer lab.'
    expect(seen()).toEqual([
      [set, released],
      [set, released],
      [set, released],
    ])

    // Nobody is stopped from releasing by this one.
    const other = await freeze({ kind: 'profile', id: 'night' })
    await lab.slack.notify()
    expect(seen().map((texts) => texts.length)).toEqual([2, 2, 2])
    for (const name of ['approver', 'auditor']) await lab.call('DELETE', `/freezes/${other}`, await lab.tokenOf(name))
  })

  test('a request that arrives again is not handled again', async () => {
    const form = lab.at('developer').request.command('help')
    const first = await lab.at('developer').send(form)
    expect([first.status, first.body]).toEqual([200, expect.stringContaining('/stint')])
    expect(await lab.at('developer').send(form)).toEqual({ status: 200, body: '' })
  })

  test('two people, two buttons, one outcome; clicked twice counts once', async () => {
    const id = await lab.ask('developer', 'two', {}, 'two-people')
    await lab.slack.notify()
    const root = lab.root(id, 'C0ONCALL')
    if (!root) throw new Error('not posted')
    for (let click = 0; click < 3; click++) await lab.at('approver').press(root, 'approve')
    await lab.slack.notify()
    expect(await lab.stateOf(id)).toBe('pending')
    expect(textOf(root.blocks)).toMatch(/1 more approval is needed/)
    const race = staged.meet(...times(2, writing('request.approved')))
    const clicks = await Promise.all([lab.at('auditor').press(root, 'approve'), lab.at('auditor').press(root, 'approve')])
    await race.met
    expect(clicks.map(({ status }) => status)).toEqual([200, 200])
    expect(await lab.stateOf(id)).toBe('approved')
    await lab.at('auditor').press(root, 'deny')
    await lab.at('auditor').submit({ reason: 'too late' })
    expect(lab.at('auditor').open().errors.reason).toMatch(/already approved/)
  })

  test('who may decide by a group alone, or must sign in anew, is led to the page', async () => {
    for (const profile of ['grouped', 'stepped']) {
      const id = await lab.ask('developer', 'x', {}, profile)
      await lab.slack.notify()
      await lab.at('approver').press(lab.root(id) as never, 'approve')
      expect(lab.lastSeen('approver', 'C0ACCESS').text).toContain(`${lab.sandbox.urls.broker}/decide/${id}`)
      expect(await lab.stateOf(id)).toBe('pending')
      // Freshly signed in they may; with a sign-in of this morning only where nothing else is asked.
      const old = await lab.tokenOf('approver', { groups: ['approvers'], auth_time: Math.floor(lab.sandbox.now() / 1000) - 301 })
      const told = await lab.call('POST', `/requests/${id}/approve`, old, {})
      expect([told.status, told.json.code]).toEqual(profile === 'stepped' ? [403, 'auth-too-old'] : [200, undefined])
      const fresh = await lab.tokenOf('approver', { groups: ['approvers'] })
      expect((await lab.call('POST', `/requests/${id}/approve`, fresh, {})).json.state).toBe('approved')
      lab.sandbox.advance(HOUR)
    }
  })

  test('a name that its user chose stands beside the identity that AWS will see, wherever it is shown', async () => {
    const forged = 'Olu On-Call (lab.oncall)\u202E\n\nRisk: low'
    const token = await lab.tokenOf('developer', { name: forged })
    const asked = await lab.call('POST', '/requests', token, { profile: 'night', justification: 'x\u2066y' })
    expect([asked.status, asked.json.identity, asked.json.caller.name]).toEqual([201, 'lab.developer', forged])
    await lab.slack.notify()
    const root = lab.root(asked.json.id)
    const shown = '“Olu On-Call (lab.oncall)‹U+202E› ⏎ Risk: low” (lab.developer)'
    expect(root?.text).toBe(`🚨 BREAK-GLASS needs your approval: ${shown} → night`)
    expect(textOf(root?.blocks ?? [])).toContain(shown)
    expect(textOf(root?.blocks ?? [])).toContain('x‹U+2066›y')
    for (const button of ['details', 'deny'] as const) {
      await lab.at('approver').press(root as never, button)
      expect(lab.modal('approver')).toContain(shown)
      lab.slack.workspace.closeView(lab.at('approver').open().id)
    }
    // A stranger who presses the button is shown the form, and nothing of the request.
    await lab.at('second-developer').press(root as never, 'deny')
    expect(lab.modal('second-developer')).not.toContain('lab.developer')
  })

  test('another justification shows in the message and in its thread', async () => {
    const token = await lab.tokenOf('oncall', {})
    const ask = (justification: string) => lab.call('POST', '/requests', token, { profile: 'night', justification })
    const { json } = await ask('orders are down')
    await lab.slack.notify()
    await ask(`and the queue is full ${'x'.repeat(1900)}`)
    await lab.slack.notify()
    const root = lab.root(json.id)
    expect(textOf(root?.blocks ?? [])).toMatch(/“orders are down”.*“Added 2\d{3}-[^“]*: and the queue is full x{1900}”/s)
    const thread = lab.slack.workspace.messages.filter((message) => message.thread === root?.ts).map(({ text }) => text)
    expect(thread).toContainEqual(expect.stringMatching(/added a justification to the request/))
    await lab.at('oncall').command('')
    await lab.at('oncall').choose('profile', 'night')
    await lab.at('oncall').submit({ profile: 'night', justification: 'and so is the disk' })
    expect(lab.modal('oncall')).toMatch(/already have an open request for this. It includes your justification./)
    expect((await lab.call('GET', `/requests/${json.id}`, token)).json.moreJustifications.at(-1).text).toBe('and so is the disk')
  })

  test('details are for parties; the buttons of strangers do nothing', async () => {
    const id = await lab.ask('oncall', 'secret reasons')
    await lab.slack.notify()
    const root = lab.root(id) as never
    await lab.at('approver').press(root, 'details')
    expect(lab.modal('approver')).toMatch(/externalId/)
    await lab.at('developer').press(root, 'details')
    expect(lab.modal('developer')).not.toMatch(/externalId/)
    await lab.at('developer').press(root, 'approve')
    expect(lab.lastSeen('developer', 'C0ACCESS').text).toMatch(/Request not found, or not visible to you/)
    expect(await lab.stateOf(id)).toBe('pending')
  })

  test('nobody answers: more people are asked, all are reminded ever less often, and it ends', async () => {
    const id = await lab.ask('oncall', 'hello?')
    await lab.slack.notify()
    for (const minutes of [4, 6.5, 1.5, 15, 4]) {
      lab.sandbox.advance(minutes * 60_000)
      await lab.sandbox.sweep()
      await lab.slack.notify()
    }
    const loud = lab.slack.workspace.messages.filter(({ thread, broadcast }) => thread === lab.root(id)?.ts && broadcast)
    expect(loud.map(({ text }) => text.replace(/^<!subteam\^S0ONCALL> /, ''))).toEqual([
      'It still needs 1 approval.',
      'No decision yet. More approvers can now approve it.',
      'It still needs 1 approval.',
      'It still needs 1 approval.',
    ])
    expect(textOf(lab.root(id)?.blocks ?? [])).toMatch(/expired without a decision/)
    expect(direct('oncall').at(-1)).toBe('night: expired')
  })

  test('only members: who became a guest is unlinked at the next click', async () => {
    const id = await lab.ask('oncall', 'x')
    await lab.slack.notify()
    lab.slack.workspace.change('U0AVERY', { is_restricted: true })
    await lab.at('approver').press(lab.root(id) as never, 'approve')
    expect(lab.lastSeen('approver', 'C0ACCESS').text).toMatch(/Guests, bots and members of other workspaces/)
    expect(await lab.stateOf(id)).toBe('pending')
    lab.slack.workspace.change('U0AVERY', {})
    await lab.at('approver').press(lab.root(id) as never, 'approve')
    expect(lab.lastSeen('approver', 'C0ACCESS').text).toMatch(/Link it first/)
    await lab.link('approver')
  })

  test('a young link decides nothing, and ends nothing', async () => {
    const id = await lab.ask('oncall', 'x')
    await lab.slack.notify()
    await lab.link('approver')
    await lab.at('approver').press(lab.root(id) as never, 'approve')
    expect(lab.lastSeen('approver', 'C0ACCESS').text).toMatch(/first ten minutes/)
    expect(await lab.stateOf(id)).toBe('pending')
    const { body } = await lab.at('approver').command(`end ${id}.00000000`)
    expect(body).toMatch(/You cannot end a session from Slack during the first ten minutes of your link/)
  })
})

describe('linking', () => {
  let lab: Awaited<ReturnType<typeof slackLab>>
  beforeAll(async () => {
    lab = await slackLab()
  })
  afterAll(() => lab.close())
  const state = async (name: string) => (await lab.call('GET', '/slack/link', await lab.tokenOf(name))).json
  const codeOf = async (name: string) => (await lab.call('POST', '/slack/link', await lab.tokenOf(name), {})).json.code as string
  const says = (name: MemberName) => lab.lastSeen(name, lab.at(name).direct).text

  test('a code that somebody else typed shows who that is, and binds nobody', async () => {
    await lab.at('oncall').command(`link ${await codeOf('developer')}`)
    expect((await state('developer')).pending).toMatchObject({ team: 'T0ACME', user: 'U0OLU', name: 'Olu On-Call' })
    const wrong = await lab.call('POST', '/slack/link/confirm', await lab.tokenOf('developer'), { team: 'T0ACME', user: 'U0DANA' })
    expect([wrong.status, wrong.json.code]).toEqual([412, 'request-changed'])
    await lab.at('oncall').command('status')
    expect(says('oncall')).toMatch(/Link it first/)
  })

  test('is confirmed only right after a sign-in', async () => {
    await lab.at('developer').command(`link ${await codeOf('developer')}`)
    const seen = { team: 'T0ACME', user: 'U0DANA' }
    const old = await lab.tokenOf('developer', { auth_time: Math.floor(lab.sandbox.now() / 1000) - 311 })
    const told = await lab.call('POST', '/slack/link/confirm', old, seen)
    expect([told.status, told.json.code, told.json.stepUp]).toEqual([403, 'auth-too-old', { maxAge: 300 }])
    const never = await lab.tokenOf('developer', { auth_time: undefined })
    expect((await lab.call('POST', '/slack/link/confirm', never, seen)).json.code).toBe('auth-too-old')
    expect((await lab.call('POST', '/slack/link/confirm', await lab.tokenOf('developer'), seen)).json.state).toBe('linked')
    // An answer that was lost is asked for again.
    expect((await lab.call('POST', '/slack/link/confirm', await lab.tokenOf('developer'), seen)).json.state).toBe('linked')
  })

  test.each(['guest', 'bot', 'left', 'stranger'] as const)('a %s is not linked', async (name) => {
    const before = lab.at(name).sees(lab.at(name).direct).length
    const sent = await lab.at(name).command(`link ${await codeOf('auditor')}`)
    if (sent.status === 200) expect(says(name)).toMatch(/Guests, bots and members of other workspaces/)
    else expect(lab.at(name).sees(lab.at(name).direct)).toHaveLength(before)
    expect((await state('auditor')).state).toBe('none')
  })

  test('five wrong codes, and it is over for ten minutes', async () => {
    for (let tries = 1; tries <= 5; tries++) {
      await lab.at('oncall').command(`link ${'0'.repeat(26)}`)
      expect(says('oncall')).toMatch(tries < 5 ? /The code is unknown, used or expired/ : /Too many invalid codes/)
    }
    // Not even the right one.
    await lab.at('oncall').command(`link ${await codeOf('oncall')}`)
    expect(says('oncall')).toMatch(/Too many invalid codes/)
    expect((await state('oncall')).state).toBe('none')
    lab.sandbox.advance(20 * 60_000)
    await lab.at('oncall').command(`link ${await codeOf('oncall')}`)
    expect(says('oncall')).toMatch(/^Almost done/)
    lab.sandbox.advance(-20 * 60_000)
  })

  test('the user who entered it is rejected by the person, link or no link', async () => {
    await lab.at('auditor').command(`link ${await codeOf('developer')}`)
    expect((await state('developer')).state).toBe('pending')
    expect((await lab.call('DELETE', '/slack/link', await lab.tokenOf('developer'))).status).toBe(204)
    expect((await state('developer')).state).toBe('none')
  })

  test('a journal that is full takes no more links, and the one in force can still be ended', async () => {
    const member = 'second-developer'
    const type = async () => lab.at(member).command(`link ${await codeOf('crowded')}`)
    await type()
    const { team, user } = (await state('crowded')).pending
    await lab.call('POST', '/slack/link/confirm', await lab.tokenOf('crowded'), { team, user })
    const { dynamo } = lab.sandbox.aws
    const stored = dynamo.records.findLast(({ newImage }) => JSON.stringify(newImage ?? {}).includes('link.made'))
    const events = (stored?.newImage?.events?.L ?? []) as object[]
    await dynamo.direct('UpdateItem', {
      TableName: 'stint',
      Key: stored?.keys,
      UpdateExpression: 'SET events = :events',
      ExpressionAttributeValues: { ':events': { L: Array.from({ length: 300 }, (_, at) => events[at % events.length]) } },
    })
    await type()
    expect(says(member)).toMatch(/changed too often/)
    await lab.at(member).command('unlink')
    expect(says(member)).toBe('You are no longer linked.')
    expect((await state('crowded')).state).toBe('none')
  })

  test('a link that another took the place of does not come back by being confirmed again', async () => {
    await lab.link('developer')
    const seen = { team: 'T0ACME', user: 'U0DANA' }
    const { dynamo } = lab.sandbox.aws
    const mine = dynamo.records.findLast(({ keys, newImage }) => keys.pk?.S?.toString().startsWith('LINK#') && newImage?.active)
    await lab.at('developer').command(`link ${await codeOf('second')}`)
    await lab.call('POST', '/slack/link/confirm', await lab.tokenOf('second'), seen)
    // As if the end of the first had been lost.
    await dynamo.direct('PutItem', { TableName: 'stint', Item: mine?.newImage })
    const again = await lab.call('POST', '/slack/link/confirm', await lab.tokenOf('developer'), seen)
    expect([again.status, again.json.code]).toEqual([404, 'link-unknown'])
    await lab.at('developer').command('status')
    expect(says('developer')).toMatch(/You are second \(lab\.second\)/)
  })

  test('a new link voids the old, on either side; both Slack users are told', async () => {
    await lab.link('developer')
    await lab.slack.notify()
    // The same Slack user for somebody else: the first person's link is over.
    await lab.at('developer').command(`link ${await codeOf('second')}`)
    await lab.call('POST', '/slack/link/confirm', await lab.tokenOf('second'), { team: 'T0ACME', user: 'U0DANA' })
    await lab.at('developer').command('status')
    expect(says('developer')).toMatch(/You are second \(lab\.second\)/)
    expect((await state('developer')).state).toBe('none')
    // Another Slack user for the same person.
    await lab.at('auditor').command(`link ${await codeOf('second')}`)
    await lab.call('POST', '/slack/link/confirm', await lab.tokenOf('second'), { team: 'T0ACME', user: 'U0ADA' })
    await lab.at('developer').command('status')
    expect(says('developer')).toMatch(/Link it first/)
    await lab.slack.notify()
    expect(
      lab
        .at('developer')
        .sees(lab.at('developer').direct)
        .map(({ text }) => text),
    ).toEqual(
      expect.arrayContaining([expect.stringMatching(/^You are linked to developer/), 'You are no longer linked to second (lab/second).']),
    )
    expect(lab.at('auditor').sees(lab.at('auditor').direct).at(-1)?.text).toMatch(/^You are linked to second \(lab\/second\)/)
  })

  test('ends from Slack and from the API', async () => {
    await lab.link('developer')
    await lab.at('developer').command('unlink')
    expect((await state('developer')).state).toBe('none')
    await lab.link('developer')
    expect((await lab.call('DELETE', '/slack/link', await lab.tokenOf('developer'))).status).toBe(204)
    await lab.at('developer').command('unlink')
    expect(says('developer')).toBe('You are not linked.')
  })

  test('by e-mail only where the config says so, exactly, and verified', async () => {
    const byEmail = async (claims: object) => lab.call('POST', '/slack/link', await lab.tokenOf('mail', claims), { by: 'email' })
    for (const [claims, code] of [
      [{}, 'not-eligible'],
      [{ email: 'ada@acme.example' }, 'not-eligible'],
      [{ email: 'ada@acme.example', email_verified: 'true' }, 'not-eligible'],
      [{ email: '', email_verified: true }, 'not-eligible'],
      [{ email: 'Ada@acme.example', email_verified: true }, 'link-unknown'],
      [{ email: 'gus@acme.example', email_verified: true }, 'link-unknown'],
      [{ email: 'nobody@acme.example', email_verified: true }, 'link-unknown'],
      [{ email: 'ada@acme.example', email_verified: true, auth_time: 1 }, 'auth-too-old'],
    ] as const)
      expect((await byEmail(claims)).json.code).toBe(code)
    expect((await byEmail({ email: 'ada@acme.example', email_verified: true })).json).toMatchObject({
      state: 'linked',
      linked: { user: 'U0ADA' },
    })
  })

  test('jobs are not linked', async () => {
    const told = await lab.call('POST', '/slack/link', await lab.sandbox.token('tool'), {})
    expect([told.status, told.json.code]).toEqual([403, 'not-eligible'])
  })

  test('the whole of it stands in the log, and the log proves it', async () => {
    await lab.sandbox.sweep()
    await lab.sandbox.ship()
    const token = await lab.tokenOf('auditor')
    const { code, stderr } = await stint(['audit', 'verify', '--from', `${lab.sandbox.urls.broker}/audit/log`, '--forget'], {
      STINT_TOKEN: token,
    })
    expect([code, stderr]).toEqual([0, ''])
    const made = await lab.call('GET', '/audit/events?outcome=link.made', token)
    expect(made.json.events.length).toBeGreaterThan(4)
    expect(made.json.events[0].event).toMatchObject({ type: 'link.made', by: { subject: 'mail' }, slack: 'T0ACME/U0ADA', email: true })
  })
})
