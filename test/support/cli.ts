/** The command line as its users run it: a process, its words and its exit code. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { World } from '@stint/sandbox/aws/world'

const STINT = fileURLToPath(new URL('../../packages/cli/bin/stint.cjs', import.meta.url))

export type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

export function stint(args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [STINT, ...args], { env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', ...env } })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (part) => void (stdout += part))
    child.stderr.on('data', (part) => void (stderr += part))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.end(input)
  })
}

/** What `aws s3 sync` would bring. */
export function copyBuckets(world: World, names: readonly string[], folder: string): void {
  for (const name of names) {
    for (const [path, { body }] of world.buckets.get(name)?.objects ?? []) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), body)
    }
  }
}
