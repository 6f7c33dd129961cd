/** Opens a URL in the user's browser. The URL never passes a shell. */
import { spawn } from 'node:child_process'
import { isLoopback } from '@stint/core/loopback'
import type { Env } from './http.ts'

/** The program and its arguments; undefined if this machine is known to have no browser. */
export function browserCommand(env: Env, platform: NodeJS.Platform, url: string): readonly [string, ...string[]] | undefined {
  if (env.BROWSER) {
    const [program, ...args] = env.BROWSER.trim().split(/\s+/)
    return program === undefined || program === '' ? undefined : [program, ...args, url]
  }
  if (platform === 'darwin') return ['open', url]
  // `start` would need a shell, which reads & in a URL.
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url]
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY && !env.WSL_DISTRO_NAME) return undefined
  return ['xdg-open', url]
}

/**
 * Whether a browser opens it as a page. The program of the operating system starts whatever a URL names: a `file:` URL can be a program.
 * A sandbox on this machine has `http:`.
 */
export function isWebPage(url: string): boolean {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: '' }
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(url))
}

/** A program that has not failed by then has opened the page, or is the browser itself. */
const FAILS_WITHIN_MS = 1500

/** True if the browser was started, and has not failed at once. Its output is discarded, because stdout is data. */
export function openBrowser(env: Env, url: string, failsWithinMs = FAILS_WITHIN_MS): Promise<boolean> {
  if (!isWebPage(url)) return Promise.resolve(false)
  const [program, ...args] = browserCommand(env, process.platform, url) ?? []
  if (program === undefined) return Promise.resolve(false)
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'ignore', detached: true })
    child.once('error', () => {
      clearTimeout(timer)
      resolve(false)
    })
    const timer = setTimeout(() => resolve(true), failsWithinMs)
    child.once('exit', (code) => {
      clearTimeout(timer)
      resolve(code === 0)
    })
    child.unref()
  })
}
