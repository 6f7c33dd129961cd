/** `stint exec` with a profile whose credentials are renewed, and `stint end`. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { STINT } from '../support/cli.ts'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const CONFIG = new URL('../support/renew.config.ts', import.meta.url).pathname
let lab: Lab
let sandbox: TestSandbox
let user: CliUser
let token: string
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: CONFIG, bindings: lab.bindings })
  // Behind this machine's clock, so that a minute's credentials have three seconds left when they arrive.
  sandbox.advance(-57_000)
  user = cliUser(sandbox, 'developer')
  token = await lab.token({ sub: 'erin', role: 'engineer', groups: [], exp: Math.floor(Date.now() / 1000) + 3600 })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

/** Reads the endpoint as an SDK does, and prints each new access key, until the endpoint refuses. */
const READER = `
const seen = new Set()
for (let tries = 0; tries < 600; tries++) {
  const answer = await fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, {
    headers: { authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN },
  })
  const { AccessKeyId, Code } = await answer.json()
  if (!answer.ok) { console.log('refused ' + answer.status + ' ' + Code); break }
  if (!seen.has(AccessKeyId)) { seen.add(AccessKeyId); console.log('key ' + AccessKeyId) }
  await new Promise((resolve) => setTimeout(resolve, 200))
}`

test('one session is renewed while the command runs, until it is ended', async () => {
  const env = { ...user.env, STINT_URL: sandbox.urls.broker, STINT_TOKEN: token }
  const child = spawn(process.execPath, [STINT, 'exec', 'brief', '--', process.execPath, '--input-type=module', '-e', READER], { env })
  const lines: string[] = []
  const sessions = async () => (await sandbox.get('/sessions?mine=true', token)).json.sessions
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.length !== 4) continue
    sandbox.settle()
    const [session, ...others] = await sessions()
    expect([others.length, session.profile, session.renewed.count >= 3]).toEqual([0, 'brief', true])
    const ended = await user.run(['end', session.id], { STINT_URL: sandbox.urls.broker, STINT_TOKEN: token })
    expect([ended.code, ended.stderr]).toEqual([
      0,
      expect.stringMatching(/^Ended req_.*\nAWS has the policy that denies its credentials\. .*\n/),
    ])
  }
  const keys = lines.filter((line) => line.startsWith('key '))
  expect(lines.at(-1)).toBe('refused 403 session-ended')
  const [session] = await sessions()
  // On a busy machine, the credentials are renewed once more while `stint end` starts.
  expect(session).toMatchObject({ state: 'ended', endedBy: 'caller', renewed: { count: keys.length - 1 } })

  const listed = await user.run(['sessions'], { STINT_URL: sandbox.urls.broker, STINT_TOKEN: token })
  expect(listed.stdout).toMatch(/ended \(by caller; renewed \d+ times, last /)
})

test('ending a session again, or one of another person, says so', async () => {
  const env = { STINT_URL: sandbox.urls.broker, STINT_TOKEN: token }
  const [session] = (await sandbox.get('/sessions?mine=true', token)).json.sessions
  expect(await user.run(['end', session.id, '--json'], env)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"immediateEnd":"read-back"'),
  })
  const other = await lab.token({ sub: 'eve', role: 'engineer', groups: [] })
  expect(await user.run(['end', session.id], { ...env, STINT_TOKEN: other })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Session not found, or not visible to you.'),
  })
})

test('an extension is requested with one command, and used by its own ID', async () => {
  const as = async (claims: object) => ({ STINT_URL: sandbox.urls.broker, STINT_TOKEN: await lab.token(claims) })
  const extender = { sub: 'ida', role: 'engineer', groups: [], name: 'Ida' }
  const peer = { sub: 'pat', groups: ['peers'], name: 'Pat' }
  const none = await user.run(['extend'], await as(extender))
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('None of your sessions can be extended now.') })

  const asked = await user.run(['request', 'approved', '-j', 'INC-7', '-d', '1h', '--quiet'], await as(extender))
  const first = asked.stdout.trim()
  expect((await user.run(['approve', first, '--yes'], await as(peer))).code).toBe(0)
  const started = await user.run(['env', 'approved', '--request', first, '-j', 'INC-7'], await as(extender))
  expect(started.code).toBe(0)
  const early = await user.run(['extend', first], await as(extender))
  expect(early).toMatchObject({ code: 1, stderr: expect.stringMatching(/can be extended from .*\n.*Repeat the call at/s) })

  sandbox.advance(31 * 60_000)
  const extended = await user.run(['extend', '-j', 'Still INC-7'], await as(extender))
  const id = extended.stdout.trim()
  expect(extended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^req_\w{26}\n$/) })
  expect(extended.stderr).toBe(`The request is waiting for approval: ${sandbox.urls.broker}/decide/${id}\nNext: stint show ${id} --wait\n`)
  const shown = await user.run(['show', id], await as(peer))
  expect(shown.stdout).toMatch(new RegExp(`Extends +${first}`))
  expect(shown.stdout).toContain(`stint approve ${id}`)
  // A repeat, here with the ID of the session, adds nothing but its justification.
  const [session] = (await sandbox.get('/sessions?mine=true', (await as(extender)).STINT_TOKEN)).json.sessions
  const again = await user.run(['extend', session.id, '-j', 'And more'], await as(extender))
  expect(again).toMatchObject({ code: 0, stdout: `${id}\n`, stderr: expect.stringContaining('Your new justification was added to it.') })
  expect((await user.run(['approve', id, '--yes'], await as(peer))).code).toBe(0)
  expect((await user.run(['env', 'approved', '--request', id, '-j', 'INC-7'], await as(extender))).code).toBe(0)
  expect(await user.run(['extend', 'nonsense'], await as(extender))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Invalid ID: 'nonsense'"),
  })
  sandbox.advance(-31 * 60_000)
})

test('a person is stopped everywhere: frozen, and all sessions of all identities ended', async () => {
  const responder = await lab.token({ sub: 'ria', groups: ['responders'] })
  const env = { STINT_URL: sandbox.urls.broker, STINT_TOKEN: responder }
  const subjects = ['dana', 'dana-home']
  const starts = subjects.map(async (sub) => sandbox.vend(await lab.token({ sub, role: 'engineer', groups: [] }), { profile: 'short' }))
  const sessions = (await Promise.all(starts)).map(({ json }) => json.id)
  sandbox.settle()
  const ended = await user.run(['end', '--person', 'dana', '-j', 'INC-1'], env)
  expect(ended.code).toBe(0)
  expect(ended.stderr).toMatch(/^Frozen: person dana /)
  for (const id of sessions) expect(ended.stderr).toContain(`Ended ${id}.`)
  for (const sub of subjects) {
    const again = await sandbox.vend(await lab.token({ sub, role: 'engineer', groups: [] }), { profile: 'short' })
    expect([again.status, again.json.code]).toEqual([403, 'frozen'])
  }
  sandbox.settle()
  // The refused tries are sessions that failed.
  const found = (await sandbox.get('/sessions?person=dana', responder)).json.sessions as { id: string; state: string }[]
  expect(found.filter(({ id }) => sessions.includes(id)).map(({ state }) => state)).toEqual(['ended', 'ended'])
  expect(await sandbox.get('/sessions?person=dana', token)).toMatchObject({ status: 403, json: { code: 'not-eligible' } })
  expect(await sandbox.get('/sessions?person=nobody', responder)).toMatchObject({ status: 400 })
  const more = await sandbox.get('/sessions?person=dana&limit=1', responder)
  const rest = await sandbox.get(`/sessions?person=dana&limit=1&cursor=${more.json.next}`, responder)
  expect([...more.json.sessions, ...rest.json.sessions].map(({ id }: any) => id)).toEqual(found.slice(0, 2).map(({ id }) => id))
  expect(await user.run(['end'], env)).toMatchObject({ code: 2, stderr: expect.stringContaining('Name one session') })
  expect(await user.run(['end', '--person', 'dana'], env)).toMatchObject({ code: 2, stderr: expect.stringContaining('justification') })
})

test('of several sessions of a person, one that cannot be ended does not keep the others', async () => {
  const [caller, responder] = await Promise.all([
    lab.token({ sub: 'pia', role: 'engineer', groups: [] }),
    lab.token({ sub: 'ria', groups: ['responders'] }),
  ])
  const ids: string[] = []
  for (let at = 0; at < 3; at++) ids.push((await sandbox.vend(caller, { profile: 'short' })).json.id)
  sandbox.settle()
  // The broker, but for the end of the second session.
  const between = createServer(async (request, response) => {
    if (request.method === 'DELETE' && request.url?.includes(ids[1] as string))
      return void response.writeHead(500, { 'content-type': 'application/problem+json' }).end('{"code":"internal","title":"Broken"}')
    const { method = 'GET', url = '/' } = request
    const { authorization = '', 'content-type': type = 'application/json' } = request.headers
    const body = method === 'POST' ? await text(request) : null
    const answer = await fetch(`${sandbox.urls.broker}${url}`, { method, headers: { authorization, 'content-type': type }, body })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(await answer.text())
  })
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve))
  const env = { STINT_URL: `http://127.0.0.1:${(between.address() as AddressInfo).port}`, STINT_TOKEN: responder }
  const ended = await user.run(['end', '--person', 'pia', '-j', 'INC-2'], env)
  expect(ended.code).toBe(1)
  for (const id of ids) expect(ended.stderr.includes(`Ended ${id}.`)).toBe(id !== ids[1])
  expect(ended.stderr).toMatch(new RegExp(`These sessions were not ended: ${ids[1]} \\(.+\\)\\.\n.*Repeat the command`))
  between.close()

  const again = await user.run(['end', '--person', 'pia', '-j', 'INC-2', '--json'], { ...env, STINT_URL: sandbox.urls.broker })
  expect([again.code, JSON.parse(again.stdout).ended.map(({ id }: { id: string }) => id)]).toEqual([0, [ids[1]]])
})
