/** A stage to throw away: the same, without what would keep it, and with a user pool of its own. */
import { beforeAll, expect, test } from 'vitest'
import { type Deployed, deploy } from './deploy.ts'

let dev: Deployed
beforeAll(async () => {
  dev = await deploy('dev')
}, 400_000)

test('there are exactly these resources', () => {
  const counts: Record<string, number> = {}
  for (const { type } of dev.resources) counts[type] = (counts[type] ?? 0) + 1
  expect(Object.fromEntries(Object.entries(counts).sort())).toMatchSnapshot()
})

test('everything of it can be removed', () => {
  expect([dev.app.removal, dev.app.protect]).toEqual(['remove', false])
  for (const { name, options } of dev.resources)
    expect([name, options]).toEqual([name, expect.objectContaining({ protect: false, retainOnDelete: false })])
  for (const { inputs } of dev.of('aws:s3/bucket:Bucket'))
    expect([inputs.forceDestroy, inputs.objectLockEnabled ?? false]).toEqual([true, false])
  for (const { inputs } of dev.of('aws:dynamodb/table:Table')) expect(inputs.deletionProtectionEnabled).toBe(false)
  for (const { inputs } of dev.of('aws:lambda/function:Function')) {
    expect(inputs.name).toMatch(/^stint-dev-/)
    expect(inputs.reservedConcurrentExecutions).toBeUndefined()
  }
})

test('people sign in with a second factor, by code alone, and make no users of themselves', () => {
  expect(dev.one('aws:cognito/userPool:UserPool', 'PeopleUserPool').inputs).toMatchObject({
    mfaConfiguration: 'ON',
    softwareTokenMfaConfiguration: { enabled: true },
    adminCreateUserConfig: { allowAdminCreateUserOnly: true },
  })
  for (const { inputs } of dev.of('aws:cognito/userPoolClient:UserPoolClient')) {
    expect(inputs.allowedOauthFlows).toEqual(['code'])
    expect(inputs.accessTokenValidity).toBe(60)
    for (const url of inputs.callbackUrls)
      expect(url).toMatch(/^http:\/\/localhost:\d+\/callback$|^https:\/\/.*\/sign-in\/callback(\/people)?$/)
  }
  expect(dev.one('aws:cognito/userPoolClient:UserPoolClient', 'PeopleCliClient').inputs.generateSecret).toBe(false)
  expect(
    dev
      .of('aws:cognito/userGroup:UserGroup')
      .map(({ inputs }) => inputs.name)
      .sort(),
  ).toEqual(['approvers', 'auditors', 'developers', 'oncall'])
})
