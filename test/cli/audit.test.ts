/** What auditors need of the command line beside `stint audit`: why a call was refused, and the log from its buckets. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buckets } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operatorIn } from '../support/cli.ts'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let auditor: CliUser
beforeAll(async () => {
  sandbox = await testSandbox()
  auditor = cliUser(sandbox, 'auditor')
  expect((await auditor.run(['login', sandbox.urls.broker])).code).toBe(0)
  const refused = await sandbox.vend(await sandbox.token('developer'), { profile: 'logs-read', parameters: { bucket: 'acme-customers' } })
  expect(refused.json.code).toBe('parameter-invalid')
  sandbox.settle()
  await sandbox.ship()
})
afterAll(() => sandbox.close())

test('stint show explains a refusal to auditors, and to nobody else', async () => {
  const token = await sandbox.token('auditor')
  const { events } = (await sandbox.get('/audit/events?outcome=parameter-invalid', token)).json
  const id = events[0].event.request
  const { code, stdout } = await auditor.run(['show', id])
  expect([code, stdout]).toEqual([0, expect.stringMatching(/parameter-invalid/)])
  const other = await auditor.run(['show', id], { STINT_URL: sandbox.urls.broker, STINT_TOKEN: await sandbox.token('approver') })
  expect([other.code, other.stdout]).toEqual([1, ''])
})

test('stint audit reads the buckets of the log with the auditor’s own credentials', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stint-s3-'))
  const { env } = operatorIn(sandbox, folder)
  const both = await auditor.run(['audit', 'verify', '--from', `s3://${buckets.log},${buckets.events}`, '--vkey', sandbox.logVkey], env)
  expect([both.code, both.stdout]).toEqual([0, expect.stringMatching(/Nothing is missing or altered/)])
  const copied = await auditor.run(['audit', 'copy', '--from', `s3://${buckets.log},${buckets.events}`, '--to', join(folder, 'log')], env)
  expect([copied.code, copied.stderr]).toEqual([0, expect.any(String)])
  const none = await auditor.run(['audit', 'verify', '--from', 's3://no-such-bucket,neither'], env)
  expect(none.code).toBe(5)
}, 120_000)
