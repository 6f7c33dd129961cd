/**
 * SST's own components, as `sst install` lays them out, without AWS and without a Pulumi engine. SST asks for the engine
 * before it does anything; all that is wanted of it here is its version, so a stand-in tells that one. It lies in a folder
 * that belongs to this checkout, and is found by nothing but this install.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const platform = join(root, '.sst/platform')

/** The engine that this SST wants (its message says so where another one answers). */
const ENGINE = 'v3.215.0'
const stamp = join(root, '.sst/installed-by-tests')

/** Once per version of SST; takes about 40 seconds then. Others wait meanwhile. */
export const installPlatform = (): Promise<void> => alone('sst-install', install)

/** Runs `work` while no other process does something of this name in this checkout: test files run beside each other. */
export async function alone<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const lock = join(root, `node_modules/.cache/${name}.lock`)
  mkdirSync(join(lock, '..'), { recursive: true })
  for (let tries = 0; ; tries++) {
    try {
      mkdirSync(lock)
      break
    } catch (error) {
      // One that was left behind by a run that was killed holds nobody up for ever.
      if (tries > 3000)
        throw new Error(`another process has held ${lock} for five minutes. If none is running, remove it`, { cause: error })
      await sleep(100)
    }
  }
  try {
    return await work()
  } finally {
    rmdirSync(lock)
  }
}

function install(): void {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/sst/package.json'), 'utf8')) as { version: string }
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return
  const home = join(root, 'node_modules/.cache/sst-without-engine')
  mkdirSync(join(home, 'sst/bin'), { recursive: true })
  const engine = join(home, 'sst/bin/pulumi')
  writeFileSync(engine, `#!/bin/sh\necho ${ENGINE}\n`)
  chmodSync(engine, 0o755)
  execFileSync(process.execPath, [join(root, 'node_modules/sst/bin/sst.mjs'), 'install'], {
    cwd: root,
    env: {
      ...process.env,
      XDG_CONFIG_HOME: home,
      SST_STAGE: 'dev',
      // npm, and not Bun, which SST would download.
      NO_BUN: '1',
      ...{ SST_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
  })
  writeFileSync(stamp, version)
}
