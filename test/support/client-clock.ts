/**
 * The clock of clients that we did not write: libfaketime gives a process the machine's time plus an offset, which it reads from a file at
 * each look at the clock. So a test can move the client's clock together with the sandbox's. The monotonic clock moves too, because Python cannot sleep otherwise: move
 * it between two calls of the client, not during one, so that no timeout passes.
 */
import { execFileSync } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientPath } from './client-tools.ts'

export type ClientClock = {
  /** For the environment of the client. */
  readonly env: Readonly<Record<string, string>>
  /** How far the clients are ahead of this machine. */
  readonly set: (offsetMs: number) => void
}

/** Needs the tool `faketime`. `folder`: of the test, for the file with the offset. */
export function clientClock(folder: string): ClientClock {
  const file = join(folder, 'clock-offset')
  /** In one step: a client that looks at the clock must not read half a file. */
  function set(offsetMs: number): void {
    writeFileSync(`${file}.new`, `+${Math.round(offsetMs / 1000)}\n`)
    renameSync(`${file}.new`, file)
  }
  set(0)
  // The library's path differs between systems, and the command knows it.
  const library = execFileSync('faketime', ['-f', '+0', 'printenv', 'LD_PRELOAD'], { env: { PATH: clientPath }, encoding: 'utf8' }).trim()
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
    },
    set,
  }
}
