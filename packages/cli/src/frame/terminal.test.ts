import { expect, test } from 'vitest'
import { browserCommand } from './browser.ts'
import { fuzzy } from './terminal.ts'

test.each([
  ['', true],
  ['logs', true],
  ['lgrd', true],
  ['LOGS', true],
  ['bucket', true],
  ['dr', false],
  ['logs-readx', false],
])('the search %j finds logs-read: %s', (search, found) => {
  expect(fuzzy(search, { value: 'logs-read', label: 'logs-read', hint: 'one bucket' })).toBe(found)
})

const url = 'https://login.example/?a=1&b=$(x)'
test.each<[string, Record<string, string>, NodeJS.Platform, readonly string[] | undefined]>([
  ['$BROWSER wins', { BROWSER: 'firefox -P work', DISPLAY: ':0' }, 'linux', ['firefox', '-P', 'work', url]],
  ['macOS', {}, 'darwin', ['open', url]],
  ['Windows, without a shell', {}, 'win32', ['rundll32', 'url.dll,FileProtocolHandler', url]],
  ['Linux with a display', { DISPLAY: ':0' }, 'linux', ['xdg-open', url]],
  ['Linux without a display', {}, 'linux', undefined],
])('%s', (_name, env, platform, command) => {
  expect(browserCommand(env, platform, url)).toEqual(command)
})
