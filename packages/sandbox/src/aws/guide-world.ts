/**
 * What the guide to AssumeRole takes for granted (docs/guides/learn-assume-role.md): two accounts with an administrator each,
 * DeveloperRole and testuser in the first, and a bucket with a tagged object in the second. Everything else the reader creates.
 */
import { randomBytes } from 'node:crypto'
import type { PolicyJson } from '@stint/iam'
import { accountOf, type MfaDevice, type User } from './accounts.ts'
import type { SigningKey } from './sigv4.ts'
import { addRole, addUser, putObject, type World } from './world.ts'

/** Development and production. */
export const GUIDE_ACCOUNTS = { a: '123456789012', b: '987654321098' } as const
/** The caller's address in the guide, from the range that RFC 5737 reserves for documentation. */
export const GUIDE_IP = '203.0.113.7'

export type GuideUser = { readonly profile: string; readonly account: string; readonly key: SigningKey; readonly device?: MfaDevice }

export function seedGuide(world: World): readonly GuideUser[] {
  const { a, b } = GUIDE_ACCOUNTS
  const administrator = world.awsPolicies.get('arn:aws:iam::aws:policy/AdministratorAccess')
  if (!administrator) throw new TypeError('AdministratorAccess is missing from managed-policies.json')
  const admin = (account: string) => addUser(world, `arn:aws:iam::${account}:user/Administrator`, [], { attached: [administrator] })
  addRole(world, `arn:aws:iam::${a}:role/DeveloperRole`, trustOfAccount(a), [])
  const bucket = { name: 'my-secure-bucket', account: b, createdAt: world.clock(), objects: new Map() }
  world.buckets.set(bucket.name, bucket)
  const report = Buffer.from('date,total\n2026-11-24,19.90\n')
  putObject(bucket, 'reports/production.csv', report, 'text/csv', world.clock(), { tags: { Environment: 'Production' } })
  putObject(bucket, 'reports/staging.csv', report, 'text/csv', world.clock(), { tags: { Environment: 'Staging' } })
  const testuser = addUser(world, `arn:aws:iam::${a}:user/testuser`, [])
  return [
    { profile: 'account-a', account: a, key: admin(a) },
    { profile: 'account-b', account: b, key: admin(b) },
    { profile: 'testuser', account: a, key: testuser, device: addMfaDevice(world, a, 'testuser') },
  ]
}

const trustOfAccount = (account: string): PolicyJson => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' },
})

/** A virtual MFA device with a random secret. */
export function addMfaDevice(world: World, account: string, userName: string): MfaDevice {
  const { users, mfaDevices } = accountOf(world.accounts, account)
  const user: User | undefined = users.get(userName.toLowerCase())
  if (!user) throw new TypeError(`no user ${userName} in account ${account}`)
  const device = { serial: `arn:aws:iam::${account}:mfa/${userName}`, user, secret: randomBytes(20), usedStep: 0 }
  mfaDevices.set(device.serial, device)
  return device
}
