/** Where clients that we did not write are: on PATH, and in the folder into which `npm run verify:all clients` installs them. */
import { execFile } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Ignored by git. Remove it to install the clients anew. */
export const CLIENT_TOOLS = fileURLToPath(new URL('../../.tools/clients', import.meta.url))
const folders = ['python/bin', 'debian/usr/bin', 'go/bin', 'java/bin', 'rust/bin', 'ruby/bin', 'faketime/bin']
  .map((folder) => join(CLIENT_TOOLS, folder))
  .filter(existsSync)

/** PATH for the clients. What the machine has comes first. */
export const clientPath: string = [process.env.PATH ?? '', '/usr/bin', ...folders].join(delimiter)

export type Client = { readonly path: string; readonly version: string }

/** Each version of `program` that starts at all, once. A shim without its Python does not start. */
export async function versionsOf(program: string, args: readonly string[]): Promise<readonly Client[]> {
  const paths = [...new Set(clientPath.split(delimiter).map((folder) => join(folder, program)))].filter(existsSync)
  const real = paths.filter((path, at) => paths.findIndex((other) => realpathSync(other) === realpathSync(path)) === at)
  const found = await Promise.all(real.map(async (path) => ({ path, version: await versionOf(path, args) })))
  return found.filter(({ version }, at) => version !== '' && found.findIndex((other) => other.version === version) === at)
}

/** Debian 12 has a version that is older than AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE. */
export const isOldBoto3 = (version: string): boolean => /^1\.(\d|[12]\d|3[0-2])\./.test(version)

const versionOf = (program: string, args: readonly string[]): Promise<string> =>
  promisify(execFile)(program, [...args], { env: { ...process.env, PATH: clientPath } }).then(
    ({ stdout, stderr }) => /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? '',
    () => '',
  )
