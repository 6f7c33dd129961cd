/** A pseudo-terminal, by `script` of util-linux: types keys when the screen shows what a person would wait for. */
import { spawn } from 'node:child_process'

export type Typing = readonly [shown: RegExp, keys: string]
export type Screen = { readonly code: number | null; readonly screen: string }

const LONGEST_MS = 20_000
/** A program that has just drawn a prompt may not read keys yet. */
const SETTLE_MS = 300

/** `command` is shell code. The screen is without colours and cursor movements. */
export function onTerminal(command: string, typing: readonly Typing[], env: Record<string, string>): Promise<Screen> {
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['-qefc', `stty cols 100 rows 40; ${command}`, '/dev/null'], {
      env: { ...env, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let [raw, seen, next] = ['', 0, 0]
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`the terminal shows no ${typing[next]?.[0]}:\n${plain(raw)}`))
    }, LONGEST_MS)
    child.stdout.on('data', (part) => {
      raw += part
      const step = typing[next]
      const fresh = plain(raw)
      if (step?.[0].test(fresh.slice(seen))) {
        next++
        seen = fresh.length
        setTimeout(() => child.stdin.write(step[1]), SETTLE_MS)
      }
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, screen: plain(raw) })
    })
  })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the sequences of a terminal
const plain = (raw: string): string => raw.replace(/\u001B\[[0-9;?]*[A-Za-z]|\u001B[()][A-Z0-9]|\u001B[=>78]/g, '').replaceAll('\r', '')
