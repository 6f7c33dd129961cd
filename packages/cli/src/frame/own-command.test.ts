import { chmodSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ownCommand } from './own-command.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'stint-own-')))
const folder = (name: string): string => {
  const path = join(root, name)
  mkdirSync(path, { recursive: true })
  return path
}
const program = (path: string): string => {
  writeFileSync(path, '#!/bin/sh\n')
  chmodSync(path, 0o755)
  return path
}
const script = program(join(folder('a clone/bin'), 'stint.cjs'))
const installed = join(folder('installed'), 'stint')
symlinkSync(script, installed)
const other = program(join(folder('other'), 'stint'))
symlinkSync(script, join(folder('clone/node_modules/.bin'), 'stint'))
writeFileSync(join(folder('plain'), 'stint'), 'not executable')
mkdirSync(join(folder('folder'), 'stint'))

const own = (folders: readonly string[], argv = script, platform: NodeJS.Platform = 'linux') =>
  ownCommand({ env: { PATH: folders.join(delimiter) }, argv: ['node', argv], execPath: '/opt/node', platform })

describe('the command that runs this one again', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['nothing on PATH', [], ['/opt/node', script]],
    ['an installed stint that is this one', [join(root, 'installed')], [installed]],
    ['another stint that comes first', [join(root, 'other'), join(root, 'installed')], ['/opt/node', script]],
    ['the folder of npx', [join(root, 'clone/node_modules/.bin')], ['/opt/node', script]],
    ['the folder of npx, and an installed one', [join(root, 'clone/node_modules/.bin'), join(root, 'installed')], [installed]],
    ['a file that cannot be executed', [join(root, 'plain')], ['/opt/node', script]],
    ['a folder named stint', [join(root, 'folder')], ['/opt/node', script]],
    ['a relative folder', ['installed', '', '.'], ['/opt/node', script]],
  ])('%s', async (_name, folders, expected) => expect(await own(folders)).toEqual(expected))
  test('is the real file, however it was started', async () => expect(await own([], installed)).toEqual(['/opt/node', script]))
  test('on Windows is Node and the file, because npm installs batch files', async () =>
    expect(await own([join(root, 'installed')], script, 'win32')).toEqual(['/opt/node', script]))
  test('another stint is not this one', async () => expect(await own([join(root, 'other')])).not.toContain(other))
})
