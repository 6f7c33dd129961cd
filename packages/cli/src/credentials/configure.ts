/** `stint configure`: a profile of the AWS config that gets its credentials from Stint. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { shellWord } from '@stint/core/shell'
import { type Broker, brokerFor } from '../broker/broker.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import { type BrokerFlags, pairs } from '../frame/flags.ts'
import { ownCommand } from '../frame/own-command.ts'
import { awsConfigFile } from '../frame/paths.ts'
import { jsonLine } from '../output.ts'
import { chosenProfile } from '../profiles/read.ts'
import { readContexts } from '../sign-in/contexts.ts'

type ConfigureFlags = BrokerFlags & {
  readonly name?: string
  readonly parameter?: readonly string[]
  readonly duration?: string
  readonly region?: string
  readonly print: boolean
  readonly force: boolean
}

export async function configureCommand(context: Context, flags: ConfigureFlags, id: string | undefined): Promise<void> {
  const { env, stdout, stderr, platform } = context.process
  const broker = await brokerFor(context, flags)
  const profile = await chosenProfile(context, broker, id)
  const parameters = pairs(flags.parameter)
  const missing = Object.keys(profile.parameters).find((name) => !Object.hasOwn(parameters, name))
  if (missing !== undefined)
    throw new Failure('usage', `Missing parameter '${missing}' of the profile ${profile.id}.`, {
      next: `stint configure ${profile.id} -p ${missing}=VALUE`,
    })
  const name = flags.name ?? profile.id
  if (!/^[A-Za-z0-9_.@+/-]{1,64}$/.test(name))
    throw new Failure('usage', `Invalid name: '${name}'.`, {
      next: `Use letters, digits, dots, hyphens and underscores: stint configure ${profile.id} --name NAME`,
    })
  const words = [
    ...(await ownCommand(context.process)),
    'credential-process',
    profile.id,
    ...Object.entries(parameters).flatMap(([key, value]) => ['-p', `${key}=${value}`]),
    ...(flags.duration === undefined ? [] : ['-d', flags.duration]),
    ...(await whichBroker(context, flags, broker)),
  ]
  const section = [
    `[${name === 'default' ? name : `profile ${name}`}]`,
    `credential_process = ${words.map((word) => configWord(word, platform)).join(' ')}`,
    `region = ${flags.region ?? profile.region}`,
  ]
  if (flags.print) return void stdout.write(flags.json ? jsonLine({ name, section: section.join('\n') }) : `${section.join('\n')}\n`)
  const file = awsConfigFile(env)
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new Failure('unreachable', `${file} is unreadable: ${error.message}.`, { next: `Check it: ls -l ${shellWord(file)}` })
  })
  const after = withSection(before, name, section, flags.force)
  if (after === undefined)
    throw new Failure('failed', `${file} already has a profile '${name}' that stint did not write.`, {
      next: `Choose another name with --name, or replace it with --force.`,
    })
  if (after !== before) await replaceFile(file, after)
  if (flags.json) stdout.write(jsonLine({ name, file, changed: after !== before }))
  else if (!flags.quiet) stderr.write(`${file} has the profile ${name}.\nTry it: aws --profile ${name} sts get-caller-identity\n`)
}

/** The URL alone means the current context of several, which can be another person's tomorrow. */
async function whichBroker({ process: { env } }: Context, flags: ConfigureFlags, { url, name }: Broker): Promise<readonly string[]> {
  if (flags.context !== undefined) return ['--context', flags.context]
  const { contexts } = await readContexts(env)
  const several = Object.values(contexts).filter((one) => one.url === url).length > 1
  return several && name !== undefined ? ['--context', name] : ['--url', url]
}

/**
 * One word of credential_process. Some SDKs give it to a shell, others split it themselves, and they differ on everything but plain words
 * in double quotes. On Windows a backslash is an ordinary character to all of them, and cmd.exe replaces `%NAME%` also in quotes.
 */
export function configWord(word: string, platform: NodeJS.Platform): string {
  if ((platform === 'win32' ? /^[A-Za-z0-9_./:=@+,-]+$/ : /^[A-Za-z0-9_./:=@%+,-]+$/).test(word)) return word
  if ((platform === 'win32' ? /["$`%\n\r]/ : /["\\$`\n\r]/).test(word))
    throw new Failure(
      'usage',
      `'${word}' cannot be written to the AWS config, because SDKs read quotes, backslashes, % and $ differently.`,
      {
        next: 'Use stint exec or stint serve instead: stint exec --help',
      },
    )
  return `"${word}"`
}

/** The file with the section in it, and everything else as it was; undefined if a section of this name is not ours. */
export function withSection(content: string, name: string, section: readonly string[], force: boolean): string | undefined {
  const newline = content.includes('\r\n') ? '\r\n' : '\n'
  const lines = content.split(/\r?\n/)
  const heads =
    name === 'default' ? /^\s*\[\s*(profile\s+)?default\s*\]/ : new RegExp(`^\\s*\\[\\s*profile\\s+(["']?)${escaped(name)}\\1\\s*\\]`)
  const start = lines.findIndex((line) => heads.test(line))
  if (start < 0) {
    const gap =
      content === '' || content.endsWith(`${newline}${newline}`) ? '' : content.endsWith(newline) ? newline : `${newline}${newline}`
    return `${content}${gap}${section.join(newline)}${newline}`
  }
  const length = lines.slice(start + 1).findIndex((line) => /^\s*\[/.test(line))
  const body = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length)
  if (!force && !body.some((line) => OURS.test(line))) return undefined
  const settings = new Map(section.slice(1).map((line) => [line.split(' ')[0] ?? '', line]))
  const kept = body.map((line) => {
    const key = /^\s*([a-z_0-9]+)\s*=/i.exec(line)?.[1] ?? ''
    const ours = settings.get(key)
    settings.delete(key)
    return ours ?? line
  })
  const at = kept.findLastIndex((line) => line.trim() !== '') + 1
  const changed = [...kept.slice(0, at), ...settings.values(), ...kept.slice(at)]
  return [...lines.slice(0, start + 1), ...changed, ...lines.slice(start + 1 + body.length)].join(newline)
}

/** What this command writes, and what it wrote before it wrote absolute paths. */
const OURS = /^\s*credential_process\s*=\s*(.*[\s/\\])?stint(\.cjs)?"?\s+credential-process\s/

const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')

/** Writes beside the file and renames, with the mode of the old file. A symbolic link stays one: its target is replaced. */
async function replaceFile(path: string, content: string): Promise<void> {
  const file = await realpath(path).catch(() => path)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const mode = await stat(file).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  )
  const draft = `${file}.${randomBytes(8).toString('hex')}.draft`
  const handle = await open(draft, 'wx', mode)
  try {
    await handle.writeFile(content)
    await handle.sync()
    await handle.chmod(mode)
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}
