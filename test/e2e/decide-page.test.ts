/** The page of one request, `/decide/ID`: its buttons do what they say, and what others said and did is seen on it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { formIn, type Jar, plainBrowser } from '../support/plain-browser.ts'
import { CONFIG, type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let folder: string
const web = plainBrowser(() => sandbox)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stint-decide-'))
  // Reading logs needs an approver and an auditor here.
  writeFileSync(
    join(folder, 'stint.config.ts'),
    `import company from ${JSON.stringify(CONFIG)}
const by = (group) => ({ by: [{ issuer: 'people', claims: { groups: { includes: group } } }], count: 1 })
const approval = { rules: [by('approvers'), by('auditors')], expiresAfter: '1h', window: '1h', maxUses: 2 }
export default { ...company, profiles: { ...company.profiles, 'logs-read': { ...company.profiles['logs-read'], approval } } }`,
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A person makes ten requests an hour at most, so each part has a sandbox of its own. */
function withSandbox(): void {
  beforeAll(async () => {
    sandbox = await testSandbox({ config: join(folder, 'stint.config.ts') })
    jars.clear()
  })
  afterAll(() => sandbox.close())
}

let serial = 0
/** A break-glass that waits. */
async function ask(body: object = {}): Promise<string> {
  sandbox.settle()
  await sandbox.forgetAsks()
  const { json } = await sandbox.call('POST', '/requests', await sandbox.token('oncall'), {
    profile: 'break-glass',
    justification: `Orders are down ${++serial}`,
    ...body,
  })
  asked.push(json.id)
  return json.id
}
const asked: string[] = []
// One request at a time waits on the same terms.
afterEach(async () => {
  for (const id of asked.splice(0)) await sandbox.call('POST', `/requests/${id}/cancel`, await sandbox.token('oncall'), {})
})
const read = async (id: string) => (await sandbox.get(`/requests/${id}`, await sandbox.token('approver'))).json

type Seat = { readonly jar: Jar; readonly text: string; readonly send: (form: Record<string, string>) => ReturnType<typeof web.go> }
const jars = new Map<string, Jar>()
/** Signed in once: the sandbox's issuer limits how often one address signs in. */
async function jarOf(person: string): Promise<Jar> {
  const jar = jars.get(person) ?? web.newJar()
  if (!jars.has(person)) await web.signedIn(jar, '/', person)
  jars.set(person, jar)
  return jar
}
const advance = (minutes: number) => sandbox.advance(minutes * 60_000)
/** The page of a request, and its form. */
async function at(id: string, person = 'approver'): Promise<Seat> {
  const jar = await jarOf(person)
  const { text } = await web.go(jar, `/decide/${id}`)
  return { jar, text, send: (form) => web.go(jar, `/decide/${id}`, { ...formIn({ text }), ...form }) }
}
const words = (text: string) => text.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ')

describe('an approval', () => {
  withSandbox()
  test('with limits gives what the button says', async () => {
    const id = await ask()
    const { send } = await at(id)
    const page = await send({ act: 'approve-limited', duration: '15m', uses: '1', window: '30m' })
    expect([page.status, words(page.text)]).toEqual([
      200,
      expect.stringContaining('You approved 1 session of up to 15 minutes, to be started before'),
    ])
    const { state, limits } = await read(id)
    expect([state, limits]).toEqual(['approved', { duration: 900, uses: 1, window: 1800 }])
  })
  test('without limits ignores the fields for them', async () => {
    const id = await ask()
    const page = await (await at(id)).send({ act: 'approve', duration: '15m', uses: '1', window: '' })
    expect(words(page.text)).toContain('You approved 3 sessions of up to 1 hour each, to be started before')
    expect((await read(id)).limits).toMatchObject({ duration: 3600, uses: 3 })
  })
  test('is refused if the requester has added something since the page was loaded', async () => {
    const justification = 'Orders are down in all regions'
    const id = await ask({ justification })
    const { text, send } = await at(id)
    expect(text).toContain('data-version="1-pending"')
    const more = { profile: 'break-glass', justification: 'And I delete the backups' }
    expect((await sandbox.call('POST', '/requests', await sandbox.token('oncall'), more)).json.id).toBe(id)
    expect([(await send({ act: 'approve' })).status, (await read(id)).state]).toEqual([412, 'pending'])
    const again = await at(id)
    expect(again.text).toContain('data-version="2-pending"')
    expect(words(again.text)).toMatch(
      new RegExp(`${justification}.*and 1 more justification below.*What it allows.*Justification.*${justification}`),
    )
    expect(again.text).toMatch(/<p>Added <time[^>]*>[^<]*<\/time>:<\/p><blockquote class="why">[^<]*And I delete the backups/)
  })
  test('that is not sent yet: the page loads again with what was typed, and decides nothing', async () => {
    const id = await ask()
    const { send } = await at(id)
    await sandbox.call('POST', '/requests', await sandbox.token('oncall'), { profile: 'break-glass', justification: 'Worse' })
    const { status, text } = await send({ act: 'load-again', comment: 'Use <this>', duration: '15m' })
    expect([status, (await read(id)).state]).toEqual([200, 'pending'])
    expect(text).toMatch(
      /name="version" value="2"[\s\S]*Use &lt;this&gt;<\/textarea>[\s\S]*<details open>[\s\S]*name="duration" size="8" value="15m"/,
    )
    expect(text).not.toContain('class="refused"')
  })
  test('that is not enough says what the request still needs, and cannot be repeated', async () => {
    const { json } = await sandbox.call('POST', '/requests', await sandbox.token('developer'), {
      profile: 'logs-read',
      justification: `x${++serial}`,
      parameters: { bucket: 'acme-orders-logs' },
    })
    const { jar, text, send } = await at(json.id)
    expect(words(text)).toMatch(/bucket acme-orders-logs\. ?Can read in S3: acme-orders-logs, and \d more below\..*Needs 2 approvals/)
    const page = await send({ act: 'approve-limited', duration: '15m' })
    expect(words(page.text)).toMatch(
      /You approved 2 sessions of up to 15 minutes each\. It still needs 1 approval from people in group auditors\..*Needs 1 approval /,
    )
    expect(page.text).not.toContain('value="approve')
    expect(words((await web.go(jar, `/decide/${json.id}`)).text)).toContain('You approved this request. It still needs 1 approval from')
    expect((await web.go(jar, '/decide')).text).not.toContain(json.id)
    // What the first approver shortened, the second one reads on the button.
    const next = await at(json.id, 'auditor')
    expect(next.text).toContain('>Approve 15 minutes as ReadOnly in 111122223333</button>')
    expect(words(next.text)).toMatch(
      /account 111122223333, 15 minutes, up to 2 sessions\. .*Approved by Avery Approver .* \(at most 15 minutes\)/,
    )
    sandbox.settle()
    expect(words((await web.go(next.jar, '/decide')).text)).toMatch(/requests ReadOnly in 111122223333, 15 minutes/)
  })
})

describe('a form with a fault shows the page again, with what was typed', () => {
  withSandbox()
  let id = ''
  test.each<[string, Record<string, string>, number, string]>([
    [
      'a duration that is too long',
      { act: 'approve-limited', duration: '9h' },
      422,
      'Longest session: enter a duration between 1 minute and 1 hour, such as 15m.',
    ],
    [
      'a duration that is none',
      { act: 'approve-limited', duration: '15 min' },
      422,
      'Longest session: enter a duration between 1 minute and 1 hour, such as 15m.',
    ],
    ['a window that is too short', { act: 'approve-limited', window: '1s' }, 422, 'Start within: enter a duration between 1 minute and'],
    ['too many sessions', { act: 'approve-limited', uses: '4' }, 400, 'Sessions must be a whole number from 1 to 3.'],
    ['no sessions', { act: 'approve-limited', uses: '0' }, 400, 'Sessions must be a whole number from 1 to 3.'],
    ['no limit at all', { act: 'approve-limited' }, 400, 'Enter at least one limit, or approve what was requested.'],
    ['a denial without a reason', { act: 'deny', comment: ' ' }, 400, 'Enter why you deny the request. The requester sees it.'],
    ['a review without a finding', { act: 'review', comment: '' }, 400, 'Enter your findings, then complete the review.'],
    ['a comment that is too long', { act: 'approve', comment: 'é'.repeat(200) }, 400, 'The comment is too long.'],
  ])('%s', async (_what, form, status, says) => {
    if (id === '') id = asked.splice(asked.indexOf(await ask()), 1)[0] ?? ''
    const { send } = await at(id)
    const typed = { comment: 'only "once"', duration: '', uses: '', window: '', ...form }
    const page = await send(typed)
    expect(page.status).toBe(status)
    expect(page.text).toContain(`<p class="refused" role="alert">${says}`)
    expect(page.text).toContain(`>${typed.comment.trim() === '' ? typed.comment : typed.comment.replaceAll('"', '&quot;')}</textarea>`)
    for (const name of ['duration', 'uses', 'window'] as const)
      expect(page.text).toContain(`name="${name}" size="8" value="${typed[name]}"`)
    expect(page.text.includes('<details open><summary>Approve with limits')).toBe(form.act === 'approve-limited')
    expect((await read(id)).state).toBe('pending')
    const { Items } = await sandbox.aws.dynamo.direct('Scan', { TableName: 'stint', ConsistentRead: true })
    const refusals = (Items as { state?: { S: string }; profile: { S: string } }[]).filter(({ state }) => state?.S === 'refused')
    expect(new Set(refusals.map(({ profile }) => profile.S))).toEqual(new Set(['break-glass']))
  })
  test('says so if the request has changed meanwhile', async () => {
    asked.push(id)
    const { send } = await at(id)
    await sandbox.call('POST', '/requests', await sandbox.token('oncall'), { profile: 'break-glass', justification: 'and more' })
    expect((await send({ act: 'approve-limited', uses: '9' })).text).toContain(
      'This request has changed since you loaded it: read it again.',
    )
  })
})

describe('what closed a request is seen by the other side', () => {
  withSandbox()
  test.each([
    ['a denial', 'approver', 'deny', /Denied by Avery Approver \(people\/[\w-]+\), \d{4}-\d\d-\d\d \d\d:\d\d UTC: Use the runbook instead/],
    [
      'a cancellation',
      'oncall',
      'cancel',
      /Cancelled by Olu On-Call \(people\/[\w-]+\), \d{4}-\d\d-\d\d \d\d:\d\d UTC: Use the runbook instead/,
    ],
  ])('%s, with the comment', async (_what, person, act, says) => {
    const id = await ask()
    const { send } = await at(id, person)
    expect((await send({ act, comment: 'Use the runbook instead' })).status).toBe(200)
    const { text } = await at(id, person === 'oncall' ? 'approver' : 'oncall')
    expect(words(text)).toMatch(says)
    expect(text).toContain(`<a href="/activity?request=${id}">Everything that happened to this request</a>`)
  })
  test('a revocation, which says what it ended', async () => {
    const id = await ask()
    const { jar, send } = await at(id)
    const form = formIn(await send({ act: 'approve' }).then(({ text }) => ({ text })))
    sandbox.settle()
    const vended = await sandbox.vend(await sandbox.token('oncall'), { profile: 'break-glass', justification: 'x', requestId: id })
    expect(vended.status).toBe(201)
    sandbox.settle()
    const before = await web.go(jar, `/decide/${id}`)
    expect(words(before.text)).toMatch(/Live sessions: 1, ends.*Review this after the emergency\./)
    expect(before.text).toContain('>Revoke and end the session</button>')
    const page = await web.go(jar, `/decide/${id}`, { ...form, act: 'revoke', comment: 'Done' })
    expect(words(page.text)).toMatch(
      /You revoked this request and ended its session\. Its credentials can still work until \d{4}-\d\d-\d\d \d\d:\d\d UTC\./,
    )
    expect(words(page.text)).toMatch(
      /Revoked by Avery Approver .*: Done.*Ended: 1 session\. Credentials can still work until.*The review is due\./,
    )
    expect(page.text).not.toContain('Live sessions')
  })
  test('a revocation without a session', async () => {
    const id = await ask()
    const { send } = await at(id)
    await send({ act: 'approve' })
    expect(words((await send({ act: 'revoke' })).text)).toContain('You revoked this request. It issues no credentials.')
  })
})

describe('the page', () => {
  withSandbox()
  test('names the request, and has the main button first and the one that takes access away last', async () => {
    const { text } = await at(await ask())
    expect(text).toContain('<title>break-glass by ')
    expect(words(text)).toMatch(/break-glass by .?Olu On-Call.? · Stint/)
    expect(text).toMatch(
      /class="primary"[^>]*>Approve 1 hour as Admin in 111122223333<\/button><button name="act" value="deny" class="danger"/,
    )
  })
  test('tells the requester what to do next', async () => {
    const id = await ask()
    expect(words((await at(id, 'oncall')).text)).toMatch(
      /is waiting for approval\. You can close this page: My access shows when it is approved/,
    )
    await (await at(id)).send({ act: 'approve' })
    expect((await at(id, 'oncall')).text).toContain('<a class="button primary" href="/">Use it on My access</a>')
    await (await at(id)).send({ act: 'revoke' })
    const { text } = await at(id, 'oncall')
    expect([/href="\/access\/break-glass">the profile/.test(text), /nothing to decide/.test(text)]).toEqual([true, false])
  })
  test('says that someone else had already revoked it', async () => {
    const id = await ask()
    const { send } = await at(id)
    await send({ act: 'approve' })
    const open = await at(id)
    await (await at(id, 'oncall')).send({ act: 'revoke' })
    const late = await open.send({ act: 'revoke' })
    expect(words(late.text)).toMatch(/Someone else had already revoked this request\..*Revoked by Olu On-Call/)
  })
  test('says when the access starts', async () => {
    const startsAt = new Date(sandbox.now() + 1_800_000).toISOString()
    const id = await ask({ startsAt })
    const { text, send } = await at(id)
    expect(words(text)).toMatch(/up to 3 sessions, starting \d{4}-\d\d-\d\d \d\d:\d\d UTC\./)
    const { text: approved } = await send({ act: 'approve' })
    expect((await at(id, 'oncall')).text).not.toContain('Use it on My access')
    expect(words(approved)).toMatch(
      /You approved 3 sessions of up to 1 hour each, to be started from .* UTC to .* UTC\..*can be used from .* UTC to /,
    )
  })
  test('counts an expiry as a change', async () => {
    const { jar, text } = await at(await ask())
    const path = /action="(\/decide\/[^"]*)"/.exec(text)?.[1] ?? ''
    expect(text).toMatch(/data-version="1-pending" data-live>[\s\S]*<a class="reload" href="\/decide\/[^"]*">Reload<\/a>/)
    advance(20)
    await web.go(jar, '/')
    advance(11)
    const late = await web.go(jar, path)
    advance(-31)
    expect(late.text).toMatch(/data-version="1-expired">/)
    expect(late.text).not.toContain('class="reload"')
  })
  test('lists earlier requests with what came of them, and no later ones', async () => {
    const first = await ask()
    await (await at(first)).send({ act: 'deny', comment: 'no' })
    sandbox.advance(1000)
    const second = await ask({ duration: '30m' })
    expect(words((await at(second)).text)).toMatch(/Earlier requests.*UTC: 1 hour, denied by Avery Approver \(people\//)
    expect((await at(second)).text).toContain(`<a href="/decide/${first}">`)
    expect((await at(first)).text).not.toContain(`<a href="/decide/${second}">`)
  })
  test('does not call an earlier request approved that had only some of its approvals', async () => {
    const parameters = (bucket: string) => ({ profile: 'logs-read', justification: `x${++serial}`, parameters: { bucket } })
    const dana = await sandbox.token('developer')
    const first = (await sandbox.call('POST', '/requests', dana, parameters('acme-first-logs'))).json.id
    await (await at(first)).send({ act: 'approve' })
    sandbox.advance(1000)
    const second = (await sandbox.call('POST', '/requests', dana, parameters('acme-second-logs'))).json.id
    expect(words((await at(second)).text)).toMatch(/Earlier requests.*UTC: 1 hour, pending What it allows/)
    for (const id of [first, second]) await sandbox.call('POST', `/requests/${id}/cancel`, dana, {})
  })
  test('says that a request extends another one', async () => {
    const id = await ask({ duration: '15m' })
    const { send } = await at(id)
    await send({ act: 'approve' })
    sandbox.settle()
    await sandbox.vend(await sandbox.token('oncall'), { profile: 'break-glass', justification: 'x', requestId: id })
    sandbox.settle()
    const reviewFirst = 'Before you can extend it, an approver or an auditor must review this break-glass request.'
    const myAccess = async () => (await web.go(await jarOf('oncall'), '/')).text
    expect(await myAccess()).toContain(reviewFirst)
    expect((await (await at(id)).send({ act: 'review', comment: 'fine' })).text).toContain('You completed the review.')
    sandbox.settle()
    expect(await myAccess()).not.toContain(reviewFirst)
    advance(8)
    const own = await at(id, 'oncall')
    expect(own.text).toContain('>Request an extension of 1 hour</button>')
    const extended = await own.send({ act: 'extend' })
    const extension = /action="\/decide\/(req_\w+)"/.exec(extended.text)?.[1] ?? ''
    asked.push(extension)
    sandbox.settle()
    const { jar, text } = await at(extension)
    expect(text).toContain('<title>Extension of break-glass by ')
    expect(words(text)).toMatch(/Olu On-Call \([^)]*\) asks to extend break-glass: Admin/)
    expect(text).toContain(`<a href="/decide/${id}">extend</a>`)
    const list = (await web.go(jar, '/decide')).text
    expect(words(list)).toMatch(
      /Break-glass: emergency access ?Extension of break-glass by .?Olu On-Call.? high risk\s*Olu On-Call \([^)]*\) asks to extend Admin/,
    )
    expect(list).toContain('<p class="alarm">')
    advance(-8)
  })
  test('puts what waits above the reviews', async () => {
    const reviewed = await ask()
    await (await at(reviewed)).send({ act: 'approve' })
    const waiting = await ask()
    sandbox.settle()
    const { text } = await web.go(await jarOf('approver'), '/decide')
    expect(text).toMatch(new RegExp(`Waiting for you[\\s\\S]*${waiting}[\\s\\S]*Break-glass reviews[\\s\\S]*${reviewed}`))
    expect(words(text)).toContain('Review this after the emergency.')
  })
})
