/** Whether Ctrl-C at a terminal reaches this process, and so every process that it has started, without its help. */
import { closeSync, openSync, readFileSync } from 'node:fs'

type Streams = {
  readonly stdin: { readonly isTTY?: boolean }
  readonly stdout: { readonly isTTY?: boolean }
  readonly stderr: { readonly isTTY?: boolean }
}

/**
 * A terminal sends its signals to its foreground process group, also if stdin is a pipe. Linux says which group that is. On other
 * systems, a process with any terminal is assumed to be in its foreground.
 */
export function hasKeyboard(streams: Streams): boolean {
  return inForeground(statOf()) ?? (streams.stdin.isTTY || streams.stdout.isTTY || streams.stderr.isTTY || hasTerminal())
}

function statOf(): string {
  try {
    return readFileSync('/proc/self/stat', 'utf8')
  } catch {
    return ''
  }
}

/** proc(5): after the name in brackets come state, ppid, pgrp, session, tty_nr and tpgid. Undefined: not Linux. */
export function inForeground(stat: string): boolean | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [pgrp, tpgid] = [Number(fields[2]), Number(fields[5])]
  return Number.isInteger(pgrp) && Number.isInteger(tpgid) && fields.length > 6 ? pgrp === tpgid : undefined
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
