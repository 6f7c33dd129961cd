/** A company that has the packages as they are packed, before the tests of a file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { pack } from '../../packages/stint/build/pack.ts'
import { type Company, company } from './machine.ts'

type Adopter = {
  /** Where the packages are packed. */
  readonly packed: string
  readonly acme: Company
  /** A test that needs the installed packages. It is skipped if npm cannot install them. */
  readonly installed: (title: string, body: () => Promise<void>) => void
}

/** Before the tests of a file, packs all packages and installs some of them, by the names of their folders, at a new company. */
export function adopter(folders: readonly string[]): Adopter {
  const packed = mkdtempSync(join(tmpdir(), 'stint-packed-'))
  const acme = company()
  let cannot: string | undefined
  beforeAll(async () => {
    const tarballs = await pack(packed, () => {})
    cannot = await install(
      acme,
      folders.map((name) => tarballs[name] ?? ''),
    )
  })
  afterAll(() => {
    acme.close()
    rmSync(packed, { recursive: true, force: true })
  })
  return {
    packed,
    acme,
    installed: (title, body) =>
      test(title, ({ skip }) => {
        if (cannot !== undefined) skip(cannot)
        return body()
      }),
  }
}

/**
 * Installs these tarballs as `npm install` does, from npm's cache as far as possible. Returns why it cannot, if the registry is
 * unreachable.
 */
async function install({ folder, run }: Company, tarballs: readonly string[]): Promise<string | undefined> {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const { code, stdout, stderr } = await run(
    'npm',
    [
      'install',
      '--prefer-offline',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--fetch-retries=0',
      '--fetch-timeout=20000',
      ...tarballs,
    ],
    connection(),
  )
  if (code === 0) return undefined
  if (UNREACHABLE.test(stderr)) return 'npm cannot install the packages, because its registry is unreachable'
  throw new Error(`npm install failed:\n${stdout}${stderr}`)
}

const UNREACHABLE =
  /\b(ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)\b/

/**
 * What this checkout was installed with: npm's cache and settings in the user's home, a proxy, a registry. Not what npm says of its own
 * run to `npm test`, such as the folder.
 */
function connection(): Record<string, string> {
  const isOurs = (name: string) =>
    !/^(npm_|PATH$|INIT_CWD$|NODE_OPTIONS$)/i.test(name) || /^npm_config_(registry|cache|userconfig)$/i.test(name)
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value !== undefined && isOurs(name) ? [[name, value]] : [])),
  )
}
