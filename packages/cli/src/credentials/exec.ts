/** `stint exec` and `stint shell`: a command with credentials that stay fresh for as long as it runs. */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { constants, devNull } from 'node:os'
import { basename } from 'node:path'
import { shellWord } from '@stint/core/shell'
import type { Context } from '../context.ts'
import { exitCode } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { Env } from '../frame/http.ts'
import { hasKeyboard } from '../frame/keyboard.ts'
import { awsConfigFile } from '../frame/paths.ts'
import { left } from '../frame/words.ts'
import { type Kept, keptOr } from './cache.ts'
import { ownSessions } from './end-on-exit.ts'
import { startEndpoint } from './endpoint.ts'
import { type CredentialFlags, type Entry, entryOf, obtainAgainFor, obtainFor } from './entry.ts'
import { variablesOf, withoutStale } from './environment.ts'
import { isObtained, type Obtained } from './obtain.ts'
import { entryOfCaller, keepable, warning } from './process.ts'
import { remindOfEnd } from './reminder.ts'

type ExecFlags = CredentialFlags & { readonly nest: boolean; readonly static: boolean }

export async function execCommand(context: Context, flags: ExecFlags, ...words: string[]): Promise<number> {
  // stricli does not tell where `--` was. Without a word before it, the profile was left out.
  const { argv } = context.process
  const after = argv.includes('--') ? argv.slice(argv.indexOf('--') + 1).length : 0
  const leftOut = after > 0 && after === words.length
  const profile = leftOut ? undefined : words[0]
  const command = leftOut ? words : words.slice(1)
  if (command.length === 0) throw new Failure('usage', 'Missing command.', { next: `stint exec ${profile ?? 'PROFILE'} -- COMMAND` })
  return runWith(context, flags, profile, command, 'stint exec')
}

export function shellCommand(context: Context, flags: ExecFlags, profile: string | undefined): Promise<number> {
  const { env, platform } = context.process
  const shell = env.SHELL || (platform === 'win32' ? (env.ComSpec ?? 'cmd.exe') : '/bin/sh')
  return runWith(context, flags, profile, [shell], 'stint shell')
}

async function runWith(
  context: Context,
  flags: ExecFlags,
  id: string | undefined,
  command: readonly string[],
  name: string,
): Promise<number> {
  const { env, stderr } = context.process
  const inside = env.STINT_PROFILE ? `stint (profile ${env.STINT_PROFILE})` : env.AWS_VAULT ? 'aws-vault' : undefined
  if (inside && !flags.nest)
    throw new Failure('notStarted', `This shell already has credentials of ${inside}.`, {
      next: `Leave it with exit, or repeat the command with --nest.`,
    })
  const { entry, obtained } = await credentialsOrNotStarted(context, flags, id, name)
  const shadow = flags.static ? {} : await shadowsOf(env)
  if (shadow.AWS_CONFIG_FILE && !flags.quiet)
    stderr.write(
      `stint: The default profile of ${awsConfigFile(env)} has credentials that would take precedence, so the command runs without this file.\n`,
    )
  const own = entry.profile.endOnExit ? ownSessions(context, entry.broker, obtained) : undefined
  const again = (last: Obtained) => {
    const obtaining = obtainAgainFor(context, entry, last)
    return own?.watch(obtaining) ?? obtaining
  }
  const endpoint = flags.static ? undefined : await startEndpoint(obtained, again)
  const region = { AWS_REGION: obtained.region, AWS_DEFAULT_REGION: obtained.region }
  const environment = {
    ...withoutStale(env),
    ...(endpoint ? { ...region, AWS_ACCOUNT_ID: obtained.account, ...endpoint.variables, ...shadow } : variablesOf(obtained)),
    STINT_PROFILE: entry.profile.id,
    STINT_SESSION_EXPIRES: obtained.credentials.expiration,
  }
  if (name === 'stint shell' && !flags.quiet)
    stderr.write(
      `Profile ${entry.profile.id}, ${left(obtained.credentials.expiration, Date.now())} left, renewed while the shell runs. Leave it with exit${own ? ', which ends the session' : ''}.\n`,
    )
  // On a terminal only: elsewhere, the output of the command is read by programs. Fixed credentials end before the session does.
  const forget = !flags.static && stderr.isTTY && !flags.quiet ? remindOfEnd(context, entry, obtained) : undefined
  try {
    const code = await childOf(context, command, environment)
    // The command's own output is not read, so that it can be a terminal: only its exit code tells.
    if (canBeDenial(command, code) && name === 'stint exec' && stderr.isTTY && !flags.quiet)
      stderr.write("stint: If AWS denied the call, run: stint why 'MESSAGE'\n")
    return code
  } finally {
    forget?.()
    endpoint?.close()
    await own?.end()
  }
}

/**
 * The AWS CLI exits with 254 (version 2) or 255 (version 1) if a service answered with an error, and with 1 if a transfer of `aws s3`
 * failed (AWS CLI User Guide, "Return codes").
 */
export const canBeDenial = ([program = '', ...args]: readonly string[], code: number): boolean =>
  code === 254 || code === 255 || (code === 1 && /^aws(\.exe)?$/.test(basename(program)) && args.includes('s3'))

/** Without credentials the command does not start, whatever the reason: 125, as env(1) and docker have it. */
async function credentialsOrNotStarted(
  context: Context,
  flags: ExecFlags,
  id: string | undefined,
  name: string,
): Promise<{ entry: Entry; obtained: Obtained }> {
  try {
    const entry = await entryOf(context, flags, id, name)
    const { env } = context.process
    // A shell lives long and is opened rarely, so its credentials are not kept in a file. Nor are those that are renewed: commands that
    // share a session would renew it all at once. And a session that ends with its command is not shared with another one.
    const { duration, endOnExit } = entry.profile
    if (name === 'stint shell' || duration.renew !== undefined || endOnExit) return { entry, obtained: await obtainFor(context, entry) }
    const words = ['exec', entry.broker.url, flags.context ?? '', flags.tokenFile ?? '', flags.request ?? '', JSON.stringify(entry.wanted)]
    const get = async (): Promise<Kept<Obtained>> => keepable(entry.broker.url, await obtainFor(context, entry), (one) => one)
    const keyed = await entryOfCaller(context, flags, words)
    const keeping = { env, entry: keyed, waitMs: (flags.wait ?? 0) * 1000, is: isObtained, get, warn: warning(context, flags) }
    return { entry, obtained: await keptOr<Obtained>(keeping) }
  } catch (error) {
    if (!(error instanceof Failure) || error.exit === 'usage' || error.exit === 'interrupted') throw error
    throw new Failure('notStarted', error.message, error.facts)
  }
}

/**
 * SDKs ask the container endpoint last. So the command must not see the files that come before it: always the credentials file, and
 * the config file if its default profile has credentials. `--static` leaves both alone, because its variables come first.
 */
async function shadowsOf(env: Env): Promise<Record<string, string>> {
  const content = await readFile(awsConfigFile(env), 'utf8').catch(() => '')
  const section = /^[ \t]*\[[ \t]*(?:profile[ \t]+)?default[ \t]*\]([\s\S]*?)(?=^[ \t]*\[|(?![\s\S]))/m.exec(content)?.[1] ?? ''
  const wins =
    /^[ \t]*(aws_access_key_id|credential_process|credential_source|login_session|role_arn|source_profile|sso_\w+|web_identity_token_file)[ \t]*=/m
  return { AWS_SHARED_CREDENTIALS_FILE: devNull, ...(wins.test(section) ? { AWS_CONFIG_FILE: devNull } : {}) }
}

function childOf({ process }: Context, [program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const forward = (signal: NodeJS.Signals) => {
      // Ctrl-C and Ctrl-\ on a terminal reach the command too, which decides what they mean.
      if ((signal === 'SIGINT' || signal === 'SIGQUIT') && hasKeyboard(process)) return
      child.kill(signal)
    }
    // Not SIGUSR1, with which Node starts its debugger.
    const signals = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const
    // Before the command starts, or a signal in between would end this process and leave the command and its session behind.
    for (const signal of signals) process.on(signal, forward)
    const child = spawn(program, args, { stdio: 'inherit', env })
    const over = () => {
      for (const signal of signals) process.removeListener(signal, forward)
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      over()
      if (error.code === 'ENOENT')
        reject(
          new Failure('notFound', `Command not found: ${program}.`, { next: `Check its name and $PATH: command -v ${shellWord(program)}` }),
        )
      else
        reject(
          new Failure('notExecutable', `${program} cannot be executed: ${error.message}.`, {
            next: `Check its permissions: ls -l ${shellWord(program)}`,
          }),
        )
    })
    child.once('exit', (code, signal) => {
      over()
      resolve(code ?? (signal === null ? exitCode('failed') : 128 + (constants.signals[signal] ?? 0)))
    })
  })
}
