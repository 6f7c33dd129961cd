/**
 * What a release left: `test/upgrade/<version>/` has its resolved config, its state after the first part of the scenario, and, of the
 * last release, its functions. Nothing in it is secret: the keys are those of a sandbox that has ended.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import type { Left } from './scenario.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
export const CONFIG = join(here, 'company.config.ts')
const folderOf = (version: string) => join(here, version)
const fileOf = (version: string, file: 'config.json' | 'state.json.br' | 'functions.json.br') => join(folderOf(version), file)

/** In DynamoDB's JSON. */
export type Item = Readonly<Record<string, object>>
export type StreamImage = { readonly keys: Item; readonly newImage?: Item; readonly oldImage?: Item }

export type State = {
  /** When the first part of the scenario was over, in milliseconds. */
  readonly at: number
  readonly left: Left
  /** The key that signs the log, in PKCS #8 as PEM. */
  readonly logKey: string
  /** The unique IDs of the targets' roles by ARN. Renewals compare them. */
  readonly roles: Readonly<Record<string, string>>
  readonly tables: { readonly story: readonly Item[]; readonly side: readonly Item[] }
  /** Objects by path, in base64. */
  readonly buckets: Readonly<Record<'log' | 'events', Readonly<Record<string, string>>>>
  /** What the stream still has. */
  readonly unshipped: readonly StreamImage[]
}

/** Each release with a fixture. */
export const releases: readonly string[] = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort()

/** Releases in CHANGELOG.md that left no fixture. */
export function releasesWithoutFixture(): readonly string[] {
  const changelog = readFileSync(join(here, '../../CHANGELOG.md'), 'utf8')
  return [...changelog.matchAll(/^## \[?(\d+\.\d+\.\d+)/gm)]
    .map(([, version = '']) => version)
    .filter((version) => !releases.includes(version))
}

/** The one whose functions the repository has. */
export function lastRelease(): string {
  const last = releases.filter((version) => existsSync(fileOf(version, 'functions.json.br')))
  if (last.length !== 1 || last[0] === undefined)
    throw new Error(`the functions of ${last.length} releases are in test/upgrade, not of one`)
  return last[0]
}

const pack = (value: unknown): Buffer => {
  const bytes = Buffer.from(JSON.stringify(value))
  const { BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants
  return brotliCompressSync(bytes, { params: { [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: bytes.length } })
}
const unpack = (file: string): unknown => JSON.parse(brotliDecompressSync(readFileSync(file)).toString('utf8'))

export const stateOf = (version: string): State & { readonly key: KeyObject } => {
  const state = unpack(fileOf(version, 'state.json.br')) as State
  return { ...state, key: createPrivateKey(state.logKey) }
}

/** The addresses of issuers differ in every run, so the config has these instead. */
type Addresses = { readonly sandbox: string; readonly lab: string }
const PLACEHOLDERS: Addresses = { sandbox: 'http://127.0.0.1:1', lab: 'http://127.0.0.1:2' }
const replaced = (text: string, from: Addresses, to: Addresses): string =>
  text.replaceAll(`"${from.sandbox}/`, `"${to.sandbox}/`).replaceAll(`"${from.lab}/`, `"${to.lab}/`)

/** The config that the release's build wrote. */
export const configOf = (version: string, addresses: Addresses): string =>
  replaced(readFileSync(fileOf(version, 'config.json'), 'utf8'), PLACEHOLDERS, addresses)

export function unpackFunctions(version: string, folder: string): void {
  for (const [path, text] of Object.entries(unpack(fileOf(version, 'functions.json.br')) as Record<string, string>)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

export function writeRelease(
  version: string,
  { state, config, addresses, functions }: { state: State; config: string; addresses: Addresses; functions: Record<string, string> },
): void {
  mkdirSync(folderOf(version), { recursive: true })
  writeFileSync(fileOf(version, 'config.json'), replaced(config, addresses, PLACEHOLDERS))
  writeFileSync(fileOf(version, 'state.json.br'), pack(state))
  for (const other of releases) rmSync(fileOf(other, 'functions.json.br'), { force: true })
  writeFileSync(fileOf(version, 'functions.json.br'), pack(functions))
}
