/**
 * `node --expose-gc test/bench/accounts.ts`: what 500 accounts of 20 roles cost the sandbox, each role with a trust policy, an inline
 * policy and a managed policy. Prints time and memory; the goal is 2 seconds and 200 MB.
 */
import { addRole, createWorld } from '@stint/sandbox/aws/world'

const ACCOUNTS = 500
const ROLES = 20

const collect = () => (globalThis as { gc?: () => void }).gc?.()
const heapMb = () => {
  collect()
  return process.memoryUsage().heapUsed / 1024 / 1024
}
const before = heapMb()
const start = performance.now()
const world = createWorld({ targets: {} }, Date.now, 'http://127.0.0.1:1')
const readOnly = world.awsPolicies.get('arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess')
if (!readOnly) throw new Error('no AmazonS3ReadOnlyAccess')
for (let index = 0; index < ACCOUNTS; index++) {
  const account = String(100_000_000_000 + index)
  for (let role = 0; role < ROLES; role++) {
    const trust = {
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': `id-${index}-${role}` } },
      },
    } as const
    const inline = {
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: `arn:aws:s3:::bucket-${index}-${role}/*` },
    } as const
    addRole(world, `arn:aws:iam::${account}:role/app/Role${role}`, trust, [inline], { attached: [readOnly] })
  }
}
const milliseconds = performance.now() - start
const after = heapMb()
console.log(
  `${world.roles.size} roles in ${world.accounts.size} accounts: ${milliseconds.toFixed(0)} ms, ${(after - before).toFixed(0)} MB of heap, ${(process.memoryUsage().rss / 1024 / 1024).toFixed(0)} MB resident in all`,
)
