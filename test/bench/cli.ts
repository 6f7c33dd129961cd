/**
 * How fast the command line starts, against an empty `node -e 0`: `node test/bench/cli.ts`. Runs alternate, and medians are compared,
 * because other programs share the machine. Every run's exit code and output are checked: a program that dies is fast.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BUNDLE, bundled } from '@stint/cli/build/bundle'
import { entryFor } from '@stint/cli/credentials/cache'
import { writePrivate } from '@stint/cli/frame/private-file'
import { VERSION } from '@stint/cli/frame/version-number'
import { profilesFileOf } from '@stint/cli/sign-in/contexts'

const RUNS = 40
const PROFILE = 'logs-read'

export async function cliBench(nodes: readonly string[] = [process.execPath]): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'stint-bench-'))
  try {
    mkdirSync(join(BUNDLE, '..'), { recursive: true })
    writeFileSync(BUNDLE, await bundled(), { mode: 0o755 })
    const env = { PATH: process.env.PATH ?? '', HOME: home, XDG_STATE_HOME: join(home, 'state'), STINT_URL: 'https://stint.example' }
    const words = ['credential-process', PROFILE]
    const kept = `{"Version":1,"AccessKeyId":"ASIAEXAMPLE"}\n`
    await writePrivate(
      await entryFor(env, words, ''),
      JSON.stringify({ url: env.STINT_URL, renewAtMs: Date.now() + 3_600_000, value: kept }),
    )
    await writePrivate(profilesFileOf(env, env.STINT_URL), JSON.stringify([PROFILE]))
    return nodes.map((node) => rowsOf(node, env, kept)).join('')
  } finally {
    rmSync(home, { recursive: true })
  }

  function rowsOf(node: string, env: NodeJS.ProcessEnv, kept: string): string {
    const cases = [
      { name: 'node -e 0', args: ['-e', '0'], expected: '', most: 1 },
      { name: 'stint --version', args: [BUNDLE, '--version'], expected: `${VERSION}\n`, most: 1.5 },
      { name: 'stint credential-process (kept)', args: [BUNDLE, 'credential-process', PROFILE], expected: kept, most: 2 },
      { name: 'completion of a profile', args: [BUNDLE, '__complete', 'exec', 'lo'], expected: PROFILE, most: 2 },
    ]
    const times = cases.map((): number[] => [])
    for (let run = 0; run < RUNS; run++)
      for (const [at, { args, expected, name }] of cases.entries()) {
        const startedAt = performance.now()
        const { status, stdout } = spawnSync(node, args, { env, encoding: 'utf8' })
        times[at]?.push(performance.now() - startedAt)
        if (status !== 0 || !stdout.startsWith(expected)) throw new Error(`${name} failed with ${status}`)
      }
    const median = (all: number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
    const base = median(times[0] ?? [])
    const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
    return cases
      .map(({ name, most }, at) => {
        const ms = median(times[at] ?? [])
        return `${version}  ${name.padEnd(34)} ${ms.toFixed(1).padStart(6)} ms  ${(ms / base).toFixed(2)} × (goal: at most ${most})\n`
      })
      .join('')
  }
}

if (import.meta.main) process.stdout.write(await cliBench(process.argv.length > 2 ? process.argv.slice(2) : [process.execPath]))
