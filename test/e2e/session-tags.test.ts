/**
 * Session tags from claims, from the token to what AWS has of the session: names that people give to branches, workflows and bots, each of
 * which STS would refuse as it stands. The same encoding, value by value: packages/core/src/tag-value.test.ts.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LAB_CONFIG, type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let lab: Lab
let sandbox: TestSandbox
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: LAB_CONFIG, bindings: lab.bindings })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

/** Profile `lab` has one tag: `run`, from the claim `run`. */
const vended = async (run: unknown) => sandbox.vend(await lab.token({ run }), { profile: 'lab' })

test.each([
  ['dependabot[bot]', 'dependabot=5Bbot=5D'],
  ['#2-bit', '=232-bit'],
  ['(logo)', '=28logo=29'],
  ['Build & Deploy 🚀', 'Build =26 Deploy =F0=9F=9A=80'],
  ['aws: deploy', '=61ws: deploy'],
  ['refs/heads/größe', 'refs/heads/größe'],
  ['a=5B', 'a=3D5B'],
  ['', ''],
])('%j is the tag %j', async (claim, tag) => {
  const { status, json } = await vended(claim)
  expect(status).toBe(201)
  const session = sandbox.aws.world.identities.get(json.credentials.accessKeyId)
  expect(session?.grant?.tags).toMatchObject({ run: tag })
})

test.each<[string, unknown, number, string]>([
  ['257 characters', 'x'.repeat(257), 422, 'parameter-invalid'],
  ['100 brackets, which are 300 characters when encoded', '['.repeat(100), 422, 'parameter-invalid'],
  ['a list', ['a'], 403, 'not-eligible'],
  ['nothing', undefined, 403, 'not-eligible'],
])('%s is refused before AWS is called', async (_name, claim, status, code) => {
  const before = sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
  const answer = await vended(claim)
  expect([answer.status, answer.json.code]).toEqual([status, code])
  expect(sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole')).toHaveLength(before)
})
