/**
 * The words that run this command line again: for files that other programs read, such as the AWS config, and for completion scripts.
 * They are absolute, because those programs have a PATH of their own, and none of them knows `npx`.
 */
import { access, constants, realpath, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve, sep } from 'node:path'
import type { Env } from './http.ts'

type Running = { readonly env: Env; readonly argv: readonly string[]; readonly execPath: string; readonly platform: NodeJS.Platform }

/** An installed `stint`, if it is this one; otherwise this Node and this file. */
export async function ownCommand(running: Running): Promise<readonly [string, ...string[]]> {
  const script = await realpath(resolve(running.argv[1] ?? ''))
  const installed = await installedStint(running)
  return installed !== undefined && (await realpath(installed)) === script ? [installed] : [running.execPath, script]
}

/** The `stint` that a shell finds, if any. npx puts `node_modules/.bin` on PATH only for the time that a command runs. */
export async function installedStint({ env, platform }: Running): Promise<string | undefined> {
  // On Windows, what npm installs is a batch file, and SDKs differ in how they start one.
  if (platform === 'win32') return undefined
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (!isAbsolute(folder) || folder.split(sep).includes('node_modules')) continue
    const path = join(folder, 'stint')
    if (await isProgram(path)) return path
  }
  return undefined
}

const isProgram = (path: string): Promise<boolean> =>
  access(path, constants.X_OK)
    .then(() => stat(path))
    .then(
      (found) => found.isFile(),
      () => false,
    )
