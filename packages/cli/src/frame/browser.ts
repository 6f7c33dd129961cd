/** Opens a URL in the user's browser. The URL never passes a shell. */
import { spawn } from 'node:child_process'
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

/** True if the browser was started. Its output is discarded, because stdout is data. */
export function openBrowser(env: Env, url: string): Promise<boolean> {
  const [program, ...args] = browserCommand(env, process.platform, url) ?? []
  if (program === undefined) return Promise.resolve(false)
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => resolve(true))
    child.unref()
  })
}
