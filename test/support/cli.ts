/** The command line as its users run it: a process, its words and its exit code. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Sandbox } from '@stint/sandbox'
import { addUser, BROKER_ACCOUNT, type World } from '@stint/sandbox/aws/world'
import { compileCache } from './compile-cache.ts'

export const STINT = fileURLToPath(new URL('../../packages/cli/bin/stint.cjs', import.meta.url))

export type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** A value that was not there never stands in what a person reads, as in `until undefined`. */
export function wellSaid(ran: Ran): Ran {
  // Line by line, and without a leading `.*`, which would read a long line once for each of its characters.
  const slip = /(?<!Expected )\b(?:undefined|NaN|Invalid Date)\b|\[object \w+\]/
  const line = `${ran.stdout}\n${ran.stderr}`.split('\n').find((one) => slip.test(one))
  if (line !== undefined) throw new Error(`The command printed: ${line.slice(0, 500)}`)
  return ran
}

export function stint(args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [STINT, ...args], {
      env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', HOME: '/nonexistent', ...compileCache, ...env },
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (part) => void (stdout += part))
    child.stderr.on('data', (part) => void (stderr += part))
    child.on('error', reject)
    child.on('close', (code) => resolve(wellSaid({ code, stdout, stderr })))
    child.stdin.end(input)
  })
}

/** What `aws s3 sync` would bring. */
export function copyBuckets(world: World, names: readonly string[], folder: string): void {
  for (const name of names) {
    for (const [path, { body }] of world.buckets.get(name)?.objects ?? []) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), body)
    }
  }
}

/** Somebody who may do everything with tables and buckets, and the environment of their shell. */
export function operatorIn(sandbox: Pick<Sandbox, 'aws' | 'urls'>, folder: string): { key: AwsKey; env: Record<string, string> } {
  const key = addUser(sandbox.aws.world, `arn:aws:iam::${BROKER_ACCOUNT}:user/operator`, [
    { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: ['dynamodb:*', 's3:*'], Resource: '*' } },
  ])
  const env = {
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: sandbox.urls.aws,
    AWS_ENDPOINT_URL_S3: sandbox.urls.aws,
    AWS_REGION: 'eu-central-1',
    XDG_STATE_HOME: join(folder, 'state'),
  }
  return { key, env }
}
type AwsKey = ReturnType<typeof addUser>
