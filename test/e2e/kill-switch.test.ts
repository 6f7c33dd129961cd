/** The kill switch over real HTTP: what each scope stops and what it leaves alone, and who is left to release it. */
import { randomBytes } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoLedger } from '@stint/broker/adapters/dynamodb/ledger'
import { deployRelease } from '@stint/broker/wiring/deploy-release'
import { parseFreezeName } from '@stint/core/access/freeze'
import { brokerKey } from '@stint/sandbox/aws/world'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { brokenInvariants } from '../support/checkers.ts'
import { LAB_CONFIG, type Lab, startLab } from '../support/lab.ts'
import { type Answer, type TestSandbox, testSandbox } from '../support/sandbox.ts'

let lab: Lab
let sandbox: TestSandbox
const left: string[] = []
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: LAB_CONFIG, bindings: lab.bindings })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

// ── Who calls ────────────────────────────────────────────────────────────────────────────────────────────────────────

const responder = (sub: string) => lab.token({ sub, groups: ['responders'] })
/** Of another issuer: a freeze of `lab` leaves these. */
const outside = (sub: string) => lab.token({ iss: lab.issuers.id, sub, groups: ['responders'] }, { typ: 'JWT' })
const home = (sub: string, claims: object = {}) => lab.token({ iss: lab.issuers.id, sub, ...claims }, { typ: 'JWT' })
const job = (actor: string, sub = 'dana-job') =>
  lab.token({ iss: lab.issuers.once, sub, actor_id: actor, jti: randomBytes(8).toString('hex') })
const engineer = (sub: string) => lab.token({ sub, role: 'engineer', groups: [] })
const peer = (sub: string, groups = ['peers']) => lab.token({ sub, groups })

const call: TestSandbox['call'] = (...asked) => sandbox.call(...asked)
const post = (path: string, token: string, body: unknown = {}) => call('POST', path, token, body)
const status = ({ status: code, json }: Answer) => [code, json.code ?? json.state ?? 'ok']
const vend = async (token: string) => {
  const answer = await sandbox.vend(token, { profile: 'lab' })
  if (answer.status === 201) left.push(answer.json.credentials.accessKeyId)
  return answer
}
const ask = async (sub: string) => (await post('/requests', await engineer(sub), { profile: 'lab-one' })).json.id as string

// ── Freezes ──────────────────────────────────────────────────────────────────────────────────────────────────────────

type Scope = { readonly kind: string; readonly id?: string; readonly issuer?: string }
const set: string[] = []
async function freeze(scope: Scope, by?: string, more: object = {}): Promise<Answer> {
  const frozen = await post('/freezes', by ?? (await outside('olga')), { scope, justification: 'INC-9', ...more })
  if (frozen.status === 201) set.push(frozen.json.id)
  return frozen
}
const release = async (id: string, ...by: string[]) => {
  const answers: number[] = []
  for (const token of by) answers.push((await call('DELETE', `/freezes/${id}`, token)).status)
  return answers
}
const listed = async () => (await sandbox.get('/freezes', await outside('olga'))).json.freezes

/** What a deploy with these settings does before its first answer. */
const deployed = async (...names: string[]) => {
  const broker = {
    clock: sandbox.now,
    log: () => {},
    ledger: dynamoLedger({
      client: new DynamoDBClient({
        endpoint: sandbox.urls.aws,
        region: 'eu-central-1',
        credentials: brokerKey(sandbox.aws.world, 'api'),
      }),
      storyTable: 'stint',
      sideTable: 'stint-side',
      clock: sandbox.now,
      random: (count) => randomBytes(count),
      answerWithinMs: 10_000,
      sleep: async () => {},
      configHash: sandbox.rules.hash,
      approvalOf: () => undefined,
      build: 'next',
    }),
  }
  await deployRelease(
    broker,
    names.flatMap((name) => parseFreezeName(name) ?? []),
  )()
}

afterEach(async () => {
  for (const id of set.splice(0)) {
    await release(id, await outside('olga'), await outside('omar'))
    for (const { name } of await listed()) await deployed(name)
  }
  expect(await listed()).toEqual([])
})

const scopes: readonly (readonly [string, Scope])[] = [
  ['everything', { kind: 'all' }],
  ['an issuer', { kind: 'issuer', id: 'lab' }],
  ['a subject', { kind: 'subject', issuer: 'lab', id: 'dana-pc' }],
  ['a person', { kind: 'person', id: 'dana' }],
  ['a profile', { kind: 'profile', id: 'lab' }],
  ['a target', { kind: 'target', id: 'staging' }],
]

describe('each scope', () => {
  test.each(scopes)('%s: one responder freezes it, two people release it', async (_name, scope) => {
    const dana = await lab.token({ sub: 'dana-pc' })
    expect((await vend(dana)).status).toBe(201)
    const frozen = await freeze(scope)
    expect([frozen.status, frozen.json.name]).toEqual([201, expect.stringMatching(/^frz_[0-9a-z]{26}@0$/)])
    const calls = sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
    expect(status(await vend(dana))).toEqual([403, 'frozen'])
    expect(sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length).toBe(calls)
    expect(await listed()).toMatchObject([{ scope, justification: 'INC-9' }])
    const { id } = frozen.json
    expect(await release(id, await outside('olga'), await outside('olga'))).toEqual([202, 202])
    expect(status(await vend(dana))).toEqual([403, 'frozen'])
    expect(await release(id, await outside('omar'))).toEqual([204])
    expect((await vend(dana)).status).toBe(201)
    expect(await brokenInvariants(sandbox, left)).toEqual([])
    // The next freeze of the scope is another one.
    expect((await freeze(scope)).json.name).toBe(`${id}@1`)
  })
  test.each<readonly [string, () => Promise<string>, number]>([
    ['one of their identities', () => lab.token({ sub: 'dana-pc' }), 403],
    ['another of their identities', () => home('dana-home'), 403],
    ['a job that they triggered', () => job('42'), 403],
    ['a job that somebody else triggered', () => job('43'), 201],
    ['somebody else', () => lab.token({ sub: 'dana' }), 201],
  ])('a person is stopped by %s', async (_name, token, expected) => {
    await freeze({ kind: 'person', id: 'dana' })
    expect((await vend(await token())).status).toBe(expected)
  })
})

describe('a frozen person', () => {
  const frozen: readonly (readonly [string, Scope])[] = [
    ['by subject', { kind: 'subject', issuer: 'lab', id: 'ria' }],
    ['by another identity’s subject', { kind: 'subject', issuer: 'lab-id', id: 'ria-home' }],
    ['by person', { kind: 'person', id: 'ria' }],
    ['by issuer', { kind: 'issuer', id: 'lab' }],
    ['by another identity’s issuer', { kind: 'issuer', id: 'lab-id' }],
  ]
  test.each(frozen)('does not ask, %s', async (_name, scope) => {
    await freeze(scope, await responder('rob'))
    expect(status(await post('/requests', await engineer('ria'), { profile: 'lab-one' }))).toEqual([403, 'frozen'])
    expect(status(await sandbox.vend(await engineer('ria'), { profile: 'lab-one' }))).toEqual([403, 'frozen'])
  })
  test.each(frozen)('does not approve, %s, and still denies', async (_name, scope) => {
    const [one, two] = [await ask(`asker-${scope.kind}`), await ask(`other-${scope.kind}`)]
    await freeze(scope, await responder('rob'))
    expect(status(await post(`/requests/${one}/approve`, await peer('ria')))).toEqual([403, 'frozen'])
    expect(status(await post(`/requests/${two}/deny`, await peer('ria')))).toEqual([200, 'denied'])
    expect(status(await post(`/requests/${one}/revoke`, await peer('ria')))).toEqual([200, 'revoked'])
  })
  test.each(frozen)('does not release, %s, and still freezes', async (_name, scope) => {
    const other = await freeze({ kind: 'profile', id: 'lab' }, await responder('rob'))
    await freeze(scope, await responder('rob'))
    expect(await release(other.json.id, await responder('ria'))).toEqual([403])
    expect((await freeze({ kind: 'target', id: 'staging' }, await responder('ria'))).status).toBe(201)
  })
  test('cancels what they asked for', async () => {
    const id = await ask('ria')
    await freeze({ kind: 'person', id: 'ria' })
    expect(status(await post(`/requests/${id}/cancel`, await engineer('ria')))).toEqual([200, 'cancelled'])
  })
})

test.each(scopes.filter(([, { kind }]) => ['all', 'profile', 'target'].includes(kind)))(
  'a freeze of %s stops sessions and leaves decisions alone',
  async (_name, scope) => {
    await freeze(scope.kind === 'profile' ? { kind: 'profile', id: 'lab-one' } : scope)
    const sub = `decided-${scope.kind}`
    const id = await ask(sub)
    expect(status(await post(`/requests/${id}/approve`, await peer('pat')))).toEqual([200, 'approved'])
    expect(status(await sandbox.vend(await engineer(sub), { profile: 'lab-one', requestId: id }))).toEqual([403, 'frozen'])
  },
)

describe('a freeze that nobody is left to release', () => {
  test('is released by a deploy, once, and not the next one', async () => {
    await freeze({ kind: 'issuer', id: 'lab-id' }, await responder('rob'))
    const { id, name } = (await freeze({ kind: 'issuer', id: 'lab' }, await responder('rob'))).json
    expect(await release(id, await responder('rob'), await outside('olga'))).toEqual([403, 403])
    const dana = await lab.token({ sub: 'dana' })
    expect(status(await vend(dana))).toEqual([403, 'frozen'])
    await deployed(`${id}@7`)
    expect(status(await vend(dana))).toEqual([403, 'frozen'])
    await deployed(name)
    expect((await vend(dana)).status).toBe(201)
    const again = await freeze({ kind: 'issuer', id: 'lab' }, await responder('rob'))
    expect([again.json.id, Number(again.json.name.split('@')[1])]).toEqual([id, Number(name.split('@')[1]) + 1])
    await deployed(name)
    expect(status(await vend(dana))).toEqual([403, 'frozen'])
    const item = (await sandbox.aws.dynamo.direct('GetItem', { TableName: 'stint', Key: { pk: { S: `FREEZE#${id}` } } })) as any
    const types = item.Item.events.L.map((entry: any) => JSON.parse(entry.M.event.S).type)
    expect(types.slice(-3)).toEqual(['freeze.set', 'freeze.deploy-released', 'freeze.set'])
  })
})

describe('the kill switch', () => {
  test('shows in /readyz, and ends by itself where it has an end', async () => {
    const ready = async () => (await sandbox.get('/readyz')).json.status
    sandbox.advance(6000)
    expect(await ready()).toBe('ready')
    await freeze({ kind: 'all' }, await responder('rita'), { expiresAt: new Date(sandbox.now() + 60_000).toISOString() })
    expect(await ready()).toBe('frozen')
    sandbox.advance(66_000)
    expect(await ready()).toBe('ready')
    const { id } = (await freeze({ kind: 'all' }, await responder('rita'))).json
    expect(await ready()).toBe('frozen')
    for (const sub of ['rita', 'rob']) await release(id, await responder(sub))
    expect(await ready()).toBe('ready')
    expect(await listed()).toEqual([])
  })
  test('does not end sooner when a shorter freeze is set, nor when one person asks twice', async () => {
    const again = (sub: string, minutes?: number) =>
      responder(sub).then((token) =>
        freeze(
          { kind: 'profile', id: 'lab' },
          token,
          minutes === undefined ? {} : { expiresAt: new Date(sandbox.now() + minutes * 60_000).toISOString() },
        ),
      )
    const first = await again('rita', 10)
    const shorter = await again('rob', 1)
    expect([shorter.status, shorter.json.expiresAt]).toEqual([201, first.json.expiresAt])
    expect((await again('rita', 20)).json.expiresAt > first.json.expiresAt).toBe(true)
    expect((await again('rita')).json.expiresAt).toBeUndefined()
    expect((await again('rob', 5)).json.expiresAt).toBeUndefined()
    sandbox.advance(3600_000)
    expect(status(await vend(await lab.token()))).toEqual([403, 'frozen'])
    // Somebody asked for the release, and it was frozen again: two people have to release it anew.
    for (const minutes of [undefined, 5]) {
      expect(await release(first.json.id, await responder('rita'))).toEqual([202])
      await again('rob', minutes)
      expect(await release(first.json.id, await responder('rob'))).toEqual([202])
      await again('rob')
    }
  })
  test.each<[string, Scope]>([
    ['issuer', { kind: 'issuer', id: 'lub' }],
    ['issuer', { kind: 'subject', issuer: 'lub', id: 'dana' }],
    ['subject', { kind: 'subject', issuer: 'lab', id: 'x'.repeat(2049) }],
    ['person', { kind: 'person', id: 'nobody' }],
    ['person', { kind: 'person', id: 'constructor' }],
    ['profile', { kind: 'profile', id: 'lob' }],
    ['target', { kind: 'target', id: 'toString' }],
  ])('refuses an %s that the config does not have: %j', async (_kind, scope) => {
    expect(status(await freeze(scope))).toEqual([400, 'body-invalid'])
  })
  test('refuses everybody who is not a responder', async () => {
    expect(status(await freeze({ kind: 'all' }, await engineer('ed')))).toEqual([403, 'not-eligible'])
    expect(status(await sandbox.get('/freezes', await engineer('ed')))).toEqual([403, 'not-eligible'])
  })

  const signedIn = (secondsAgo: number) => ({ auth_time: Math.floor(sandbox.now() / 1000) - secondsAgo })
  test.each<[string, string, () => object, boolean]>([
    ['without the MFA that the rule demands', 'mfa-responders', () => ({}), false],
    ['with MFA', 'mfa-responders', () => ({ amr: ['mfa'] }), true],
    ['whose sign-in has no known age', 'recent-responders', () => ({}), false],
    ['who signed in before the age that the rule allows', 'recent-responders', () => signedIn(960), false],
    ['who signed in recently', 'recent-responders', () => signedIn(840), true],
    ['who calls from another network', 'remote-responders', () => ({}), false],
    ['who calls from the network of the rule', 'local-responders', () => ({}), true],
  ])('a responder %s', async (_name, group, claims, passes) => {
    const token = await lab.token({ sub: 'rosa', groups: [group], ...claims() })
    const standing = (await freeze({ kind: 'target', id: 'staging' })).json.id
    const listing = await sandbox.get('/freezes', token)
    const setting = await freeze({ kind: 'profile', id: 'lab-two' }, token)
    const releasing = await call('DELETE', `/freezes/${standing}`, token)
    expect([listing.status, setting.status, releasing.status]).toEqual(passes ? [200, 201, 202] : [403, 403, 403])
    const held = (await listed()).map(({ scope }: { scope: Scope }) => scope.id).sort()
    expect(held).toEqual(passes ? ['lab-two', 'staging'] : ['staging'])
    // A release that was refused does not count as the first of two.
    expect(await release(standing, await outside('olga'))).toEqual([passes ? 204 : 202])
  })
})
