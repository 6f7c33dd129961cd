/**
 * GitHub's runner, as far as an action meets it: the environment it hands over, the files it reads afterwards, the commands it
 * obeys, each by the rules of actions/runner (FileCommandManager.cs, ActionCommand.cs): what that would refuse throws here.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const DIST = fileURLToPath(new URL('../../packages/action/dist/', import.meta.url))

export type Step = {
  readonly code: number | null
  readonly env: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  readonly state: Readonly<Record<string, string>>
  /** As a person sees it: commands are gone, secrets are starred out. */
  readonly log: string
  readonly errors: readonly { readonly title: string; readonly message: string }[]
  readonly masked: readonly string[]
}

export type Job = { readonly folder: string; readonly env: Readonly<Record<string, string>>; readonly end: () => void }

/** A job with `id-token: write`, unless `env` says otherwise. */
export function startJob(env: Record<string, string>): Job {
  const folder = mkdtempSync(join(tmpdir(), 'stint-job-'))
  return {
    folder,
    env: { PATH: process.env.PATH ?? '', RUNNER_TEMP: folder, GITHUB_ACTIONS: 'true', RUNNER_TRACKING_ID: 'github_test', ...env },
    end: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Runs `main` or `post` with inputs as a workflow gives them. Those it does not give are set and empty, as a runner does it. */
export async function runAction(
  job: Job,
  inputs: Readonly<Record<string, string>>,
  { entry = 'main', state = {} }: { entry?: 'main' | 'post'; state?: Readonly<Record<string, string>> } = {},
): Promise<Step> {
  const files = Object.fromEntries(
    ['GITHUB_ENV', 'GITHUB_OUTPUT', 'GITHUB_STATE'].map((name) => {
      const path = join(job.folder, name.toLowerCase())
      writeFileSync(path, '')
      return [name, path]
    }),
  )
  const env = {
    ...job.env,
    ...files,
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
  }
  const { code, stdout } = await new Promise<{ code: number | null; stdout: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [join(DIST, `${entry}.js`)], { env })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => void (said += part))
    child.on('error', reject)
    child.on('close', (ended) => resolve({ code: ended, stdout: said }))
  })
  const read = (name: string) => keyValues(readFileSync(files[name] as string, 'utf8'), name === 'GITHUB_ENV')
  return { code, env: read('GITHUB_ENV'), outputs: read('GITHUB_OUTPUT'), state: read('GITHUB_STATE'), ...obey(stdout) }
}

/** `NAME=VALUE`, or `NAME<<DELIMITER`, lines, `DELIMITER`; every line ended. */
function keyValues(text: string, isEnv: boolean): Record<string, string> {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line is not ended')
  const lines = text.split('\n').slice(0, -1)
  const found: Record<string, string> = {}
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string
    if (line === '') continue
    const [equals, heredoc] = [line.indexOf('='), line.indexOf('<<')]
    let [name, value] = ['', '']
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) [name, value] = [line.slice(0, equals), line.slice(equals + 1)]
    else if (heredoc > 0) {
      const delimiter = line.slice(heredoc + 2)
      const end = lines.indexOf(delimiter, at + 1)
      if (delimiter === '' || end < 0) throw new Error('Matching delimiter not found')
      ;[name, value] = [line.slice(0, heredoc), lines.slice(at + 1, end).join('\n')]
      at = end
    } else throw new Error(`Invalid format '${line}'`)
    if (isEnv && name.toUpperCase() === 'NODE_OPTIONS') throw new Error("Can't store NODE_OPTIONS")
    found[name] = value
  }
  return found
}

const decoded = (text: string): string =>
  text.replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')

function obey(stdout: string): Pick<Step, 'log' | 'errors' | 'masked'> {
  const [masked, errors, kept]: [string[], { title: string; message: string }[], string[]] = [[], [], []]
  const star = (text: string) => masked.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
  for (const line of stdout.split('\n')) {
    const command = /^\s*::([a-z-]+)(?: ([^:]*))?::(.*)$/.exec(line)
    if (!command) {
      kept.push(star(line))
      continue
    }
    const [, name, properties = '', message = ''] = command
    if (name === 'add-mask') {
      masked.push(decoded(message))
      continue
    }
    const title = /(?:^|,)title=([^,]*)/.exec(properties)?.[1] ?? ''
    const said = { title: decoded(title), message: star(decoded(message)) }
    if (name === 'error') errors.push(said)
    kept.push(`${name}: ${said.title}: ${said.message}`)
  }
  return { log: kept.join('\n'), errors, masked }
}
