/**
 * The sandbox's secret, which is new at each start. It is in a file that only this user can read, for `npm run token`.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CACHE, START } from './place.ts'
import { type Ports, urlOf } from './ports.ts'

const ANSWER_MS = 2000

export const newSecret = (): string => randomBytes(24).toString('base64url')

const fileOf = ({ issuer }: Pick<Ports, 'issuer'>): string => join(CACHE, String(issuer))

export async function rememberSecret(ports: Pick<Ports, 'issuer'>, secret: string): Promise<void> {
  const file = fileOf(ports)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await rm(file, { force: true })
  await writeFile(file, secret, { mode: 0o600, flag: 'wx' })
}

export const recallSecret = (ports: Pick<Ports, 'issuer'>): Promise<string | undefined> =>
  readFile(fileOf(ports), 'utf8').catch(() => undefined)

/** Why there is no secret for these ports, and what to do. A sandbox of another clone keeps its secret there. */
export async function noSecretText(ports: Ports): Promise<string> {
  const answers = await fetch(`${urlOf(ports.broker)}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
    ({ ok }) => ok,
    () => false,
  )
  return answers
    ? `The sandbox on port ${ports.broker} was started in another folder. Run this command there, or start a sandbox here on other ports: ${START} -- --port 5400\n`
    : `No sandbox is running on port ${ports.broker}. Start one in another terminal: ${START}\n`
}

export const forgetSecret = (ports: Pick<Ports, 'issuer'>): Promise<void> => rm(fileOf(ports), { force: true })
