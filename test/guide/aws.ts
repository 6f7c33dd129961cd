/**
 * `aws …` commands, run by an AWS CLI or by AWS SDK v3, with the same answer from both: the JSON that the command prints, or its
 * error. The SDK stands in where no AWS CLI runs, and the name of the runner says so.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import * as iamSdk from '@aws-sdk/client-iam'
import * as s3Sdk from '@aws-sdk/client-s3'
import * as stsSdk from '@aws-sdk/client-sts'

export type Answer = { readonly ok: boolean; readonly json: Record<string, any>; readonly error: string }

/** Where a command runs: its folder, its endpoint, and the environment variables with credentials or AWS_PROFILE. */
export type Shell = { readonly folder: string; readonly endpoint: string; readonly env: Readonly<Record<string, string>> }

export type Runner = { readonly name: string; readonly run: (shell: Shell, args: readonly string[]) => Promise<Answer> }

const exec = promisify(execFile)
const PATHS = [...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'aws')), '/usr/bin/aws']

/** Every AWS CLI that starts, one per version: Debian's, and any other one on PATH. */
export async function installedClis(): Promise<readonly Runner[]> {
  const found = await Promise.all(
    [...new Set(PATHS)].filter(existsSync).map(async (path) => {
      const version = await exec(path, ['--version']).catch(() => undefined)
      return version ? [{ path, version: `${version.stdout}${version.stderr}`.split(' ')[0] ?? '' }] : []
    }),
  )
  const clis = found.flat().filter(({ version }, index, all) => all.findIndex((other) => other.version === version) === index)
  return clis.map(({ path, version }) => ({ name: `${version} at ${path}`, run: (shell, args) => runCli(path, shell, args) }))
}

async function runCli(path: string, { folder, endpoint, env }: Shell, args: readonly string[]): Promise<Answer> {
  const clean = {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_REGION: 'eu-central-1',
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
    PYENV_VERSION: process.env.PYENV_VERSION,
    PYENV_ROOT: process.env.PYENV_ROOT,
  }
  try {
    const { stdout } = await exec(path, ['--endpoint-url', endpoint, '--output', 'json', ...args], {
      env: { ...clean, ...env },
      cwd: folder,
      timeout: 60_000,
    })
    return { ok: true, json: stdout.trim() === '' ? {} : JSON.parse(stdout), error: '' }
  } catch (error) {
    return { ok: false, json: {}, error: (error as { stderr?: string }).stderr ?? String(error) }
  }
}

// ── The same by AWS SDK v3 ───────────────────────────────────────────────────────────────────────────────────────────

const services = {
  iam: {
    sdk: iamSdk as Record<string, any>,
    client: iamSdk.IAMClient as new (options: object) => { send: (command: unknown) => Promise<any> },
  },
  sts: { sdk: stsSdk as Record<string, any>, client: stsSdk.STSClient as never },
  s3api: { sdk: s3Sdk as Record<string, any>, client: s3Sdk.S3Client as never },
} as Record<string, { sdk: Record<string, any>; client: new (options: object) => { send: (command: unknown) => Promise<any> } }>

const LISTS = new Set(['ActionNames', 'ResourceArns', 'ContextEntries', 'PolicyInputList', 'PolicyArns', 'Tags'])
const NUMBERS = new Set(['DurationSeconds', 'MaxItems', 'MaxSessionDuration'])

export const sdkRunner = (why: string): Runner => ({
  name: `AWS SDK v3 (${why})`,
  run: async (shell, args) => {
    const [service = '', operation = '', ...rest] = args
    if (service === 'configure') return configure(shell, [operation, ...rest])
    const { flags, words } = readFlags(rest)
    const credentials = await credentialsOf(shell, flags.get('profile')?.[0])
    flags.delete('profile')
    const { sdk, client: Client } = services[service] ?? (services.sts as never)
    const client = new Client({ endpoint: shell.endpoint, region: 'eu-central-1', credentials, maxAttempts: 1, forcePathStyle: true })
    try {
      const input = await inputOf(shell, flags)
      const {
        $metadata: _,
        Body,
        ...answer
      } = await client.send(new sdk[`${pascal(operation)}Command`](operation === 'put-object' ? { Body: '', ...input } : input))
      const [target] = words
      if (Body && target) await writeFile(isAbsolute(target) ? target : join(shell.folder, target), await Body.transformToByteArray())
      return { ok: true, json: JSON.parse(JSON.stringify(answer), decoded), error: '' }
    } catch (error) {
      const { name, message } = error as Error
      return { ok: false, json: {}, error: `An error occurred (${name}) when calling the ${pascal(operation)} operation: ${message}` }
    }
  },
})

const pascal = (words: string) =>
  words
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

/** The CLI prints policy documents as JSON; the API encodes them. */
const decoded = (key: string, value: unknown) =>
  /Document$/.test(key) && typeof value === 'string' ? JSON.parse(decodeURIComponent(value)) : value

function readFlags(args: readonly string[]): { flags: Map<string, string[]>; words: string[] } {
  const flags = new Map<string, string[]>()
  const words: string[] = []
  let current: string | undefined
  for (const arg of args) {
    if (arg.startsWith('--')) {
      current = arg.slice(2)
      flags.set(current, [])
    } else if (current !== undefined && (flags.get(current)?.length === 0 || LISTS.has(pascal(current)))) flags.get(current)?.push(arg)
    else words.push(arg)
  }
  return { flags, words }
}

async function inputOf({ folder }: Shell, flags: ReadonlyMap<string, readonly string[]>): Promise<object> {
  const entries = await Promise.all(
    [...flags].map(async ([flag, values]) => {
      const name = pascal(flag)
      const read = await Promise.all(
        values.map((value) => (value.startsWith('file://') ? readFile(join(folder, value.slice('file://'.length)), 'utf8') : value)),
      )
      if (LISTS.has(name)) return [name, read.flatMap((value) => (/^[[{]/.test(value) ? JSON.parse(value) : [value]))]
      return [name, NUMBERS.has(name) ? Number(read[0]) : read[0]]
    }),
  )
  return Object.fromEntries(entries)
}

async function credentialsOf({ folder, env }: Shell, profile = env.AWS_PROFILE): Promise<object> {
  if (profile === undefined)
    return {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      ...(env.AWS_SESSION_TOKEN ? { sessionToken: env.AWS_SESSION_TOKEN } : {}),
    }
  const values = (await profilesIn(folder)).get(profile)
  if (!values) throw new Error(`no profile ${profile}`)
  const sessionToken = values.get('aws_session_token')
  return {
    accessKeyId: values.get('aws_access_key_id') ?? '',
    secretAccessKey: values.get('aws_secret_access_key') ?? '',
    ...(sessionToken === undefined ? {} : { sessionToken }),
  }
}

async function profilesIn(folder: string): Promise<Map<string, Map<string, string>>> {
  const profiles = new Map<string, Map<string, string>>()
  let current = new Map<string, string>()
  for (const line of (await readFile(join(folder, 'credentials'), 'utf8')).split('\n')) {
    const name = /^\[(.+)\]$/.exec(line)?.[1]
    const [, key, value] = /^(\w+) = (.+)$/.exec(line) ?? []
    if (name !== undefined) profiles.set(name, (current = new Map()))
    if (key !== undefined && value !== undefined) current.set(key, value)
  }
  return profiles
}

/** `aws configure set NAME VALUE --profile PROFILE` */
async function configure({ folder }: Shell, [, name = '', value = '', , profile = '']: readonly string[]): Promise<Answer> {
  const profiles = await profilesIn(folder)
  profiles.set(profile, (profiles.get(profile) ?? new Map<string, string>()).set(name, value))
  const text = [...profiles].map(([of, values]) => [`[${of}]`, ...[...values].map(([key, one]) => `${key} = ${one}`)].join('\n'))
  await writeFile(join(folder, 'credentials'), `${text.join('\n\n')}\n`)
  return { ok: true, json: {}, error: '' }
}
