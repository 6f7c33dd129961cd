/**
 * The sandbox's secret, which is new at each start. It is in a file that only this user can read, for `npm run token`.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Ports } from './ports.ts'

export const newSecret = (): string => randomBytes(24).toString('base64url')

const fileOf = ({ issuer }: Pick<Ports, 'issuer'>): string =>
  fileURLToPath(new URL(`../../../node_modules/.cache/stint-sandbox/${issuer}`, import.meta.url))

export async function rememberSecret(ports: Pick<Ports, 'issuer'>, secret: string): Promise<void> {
  const file = fileOf(ports)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await rm(file, { force: true })
  await writeFile(file, secret, { mode: 0o600, flag: 'wx' })
}

export const recallSecret = (ports: Pick<Ports, 'issuer'>): Promise<string | undefined> =>
  readFile(fileOf(ports), 'utf8').catch(() => undefined)

export const forgetSecret = (ports: Pick<Ports, 'issuer'>): Promise<void> => rm(fileOf(ports), { force: true })
