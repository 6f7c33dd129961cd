/** `stint end --person --scp`: what is printed, for whom, and that nothing else happens. */
import { policy } from '@stint/iam'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let lab: Lab
let sandbox: TestSandbox
let user: CliUser
let responder: Record<string, string>
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: new URL('../support/renew.config.ts', import.meta.url).pathname, bindings: lab.bindings })
  user = cliUser(sandbox, 'developer')
  responder = { STINT_URL: sandbox.urls.broker, STINT_TOKEN: await lab.token({ sub: 'ria', groups: ['responders'] }) }
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})
const scp = (...more: string[]) => user.run(['end', '--person', 'mona', '--scp', ...more], responder)

test('stdout is one policy with every declared identity, and stderr says what it does not reach', async () => {
  const ran = await scp()
  expect(ran.code).toBe(0)
  expect(ran.stdout).toBe(
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceIdentity":["lab.mona","lab.mona=7Cadmin"]}}}]}\n',
  )
  expect(() => policy(JSON.parse(ran.stdout), 'identity')).not.toThrow()
  expect(ran.stderr).toBe(
    `Denies every action to sessions with these source identities: lab.mona, lab.mona=7Cadmin.
It also denies roles that these sessions assume further, because a source identity persists through role chaining.
Nothing was frozen, ended or written. Attach it to the root of your organization. Detach it when the person can have access again.
It does not reach:
- the management account of the organization, accounts outside it, and service-linked roles
- sessions without a source identity, such as those that were not started with Stint
- access keys, tokens and roles that the sessions created, and what runs under them
- requests without credentials, where a resource allows everyone
- sts:GetCallerIdentity, with which a session proves its identity to EKS, Vault and others: no policy can deny it
- connections that are open, until the service or you close them
- jobs that 79 triggers at lab-once: their source identity names the job
`,
  )
  expect((await scp('--quiet')).stderr).toBe('')
})
test('the source identity is that of the sessions, and a live session without one is named', async () => {
  const token = await lab.token({ sub: 'mona', role: 'engineer', groups: [] })
  const { json: named } = await sandbox.vend(token, { profile: 'once' })
  const { json: bare } = await sandbox.vend(token, { profile: 'bare' })
  sandbox.settle()
  const { policies, sourceIdentities, notReached, person } = JSON.parse((await scp('--json')).stdout)
  expect([named.sourceIdentity, bare.sourceIdentity, person]).toEqual(['lab.mona', undefined, 'mona'])
  expect(sourceIdentities).toContain(named.sourceIdentity)
  expect(policies[0].Statement[0].Condition).toEqual({ StringEquals: { 'aws:SourceIdentity': sourceIdentities } })
  expect(notReached).toContain(`these live sessions, whose profile sets no source identity: ${bare.id}`)
  // Nothing was ended.
  const states = (await sandbox.get('/sessions?mine=true', token)).json.sessions.map(({ state }: { state: string }) => state)
  expect(states).toEqual(['issued', 'issued'])
  expect((await sandbox.get('/freezes', responder.STINT_TOKEN as string)).json.freezes).toEqual([])
})
test('only for a person, for responders and auditors', async () => {
  expect(await user.run(['end', 'req_x', '--scp'], responder)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--scp needs --person.'),
  })
  const engineer = { ...responder, STINT_TOKEN: await lab.token({ sub: 'eve', role: 'engineer', groups: [] }) }
  const refused = await user.run(['end', '--person', 'mona', '--scp'], engineer)
  expect(refused).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('Only auditors and responders') })
})
test('the API shows identities only with a person', async () => {
  const { json } = await sandbox.get('/sessions?person=mona', responder.STINT_TOKEN as string)
  expect(json.identities).toEqual([
    { issuer: 'lab', subject: 'mona', sourceIdentity: 'lab.mona' },
    { issuer: 'lab', subject: 'mona|admin', sourceIdentity: 'lab.mona=7Cadmin' },
    { issuer: 'lab-once', actor: '79' },
  ])
  expect((await sandbox.get('/sessions', responder.STINT_TOKEN as string)).json).not.toHaveProperty('identities')
})
