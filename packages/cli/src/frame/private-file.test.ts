import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createPrivate, Unwritable, writePrivate } from './private-file.ts'

const home = (): string => mkdtempSync(join(tmpdir(), 'stint-private-'))
const isRoot = process.getuid?.() === 0
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe('the folders that Stint makes', () => {
  test('are made one by one, and closed', async () => {
    const base = home()
    await writePrivate(join(base, 'a/b/stint/tokens/x.json'), 'x')
    for (const folder of ['a', 'a/b', 'a/b/stint', 'a/b/stint/tokens']) expect([folder, mode(join(base, folder))]).toEqual([folder, '700'])
    expect(readFileSync(join(base, 'a/b/stint/tokens/x.json'), 'utf8')).toBe('x')
  })
  test('stint itself is closed too, if others could enter it; what is above it stays as it is', async () => {
    const base = home()
    chmodSync(base, 0o755)
    mkdirSync(join(base, 'stint'))
    chmodSync(join(base, 'stint'), 0o777)
    await writePrivate(join(base, 'stint/tokens/x.json'), 'x')
    expect([mode(base), mode(join(base, 'stint'))]).toEqual(['755', '700'])
  })
  test('stint can be a link of the user to a folder of the user', async () => {
    const base = home()
    mkdirSync(join(base, 'elsewhere'), { mode: 0o777 })
    symlinkSync(join(base, 'elsewhere'), join(base, 'stint'))
    await writePrivate(join(base, 'stint/tokens/x.json'), 'x')
    expect([existsSync(join(base, 'elsewhere/tokens/x.json')), mode(join(base, 'elsewhere'))]).toEqual([true, '700'])
  })
  test.runIf(isRoot).each([
    ['belongs to another user', (base: string) => chownSync(join(base, 'stint'), 65_534, 65_534)],
    [
      'is a link into a folder of another user',
      (base: string) => {
        mkdirSync(join(base, 'foreign'))
        chmodSync(join(base, 'foreign'), 0o777)
        chownSync(join(base, 'foreign'), 65_534, 65_534)
        symlinkSync(join(base, 'foreign'), join(base, 'link'))
      },
    ],
  ])('is refused if it %s', async (_name, plant) => {
    const base = home()
    mkdirSync(join(base, 'stint'))
    plant(base)
    const folder = existsSync(join(base, 'link')) ? join(base, 'other') : base
    if (folder !== base) {
      mkdirSync(folder)
      symlinkSync(join(base, 'foreign'), join(folder, 'stint'))
    }
    for (const write of [writePrivate, createPrivate])
      await expect(write(join(folder, 'stint/tokens/x.json'), 'x')).rejects.toThrow('it belongs to another user')
  })
})

describe('what cannot be written', () => {
  test.each([
    ['a folder of the kernel', '/proc/nope/stint/tokens/x.json'],
    ['a folder below a file', `${process.execPath}/stint/tokens/x.json`],
    ['a name that is too long', join(tmpdir(), 'x'.repeat(300), 'stint/tokens/x.json')],
  ])('%s says so, and what to do', async (_name, path) => {
    for (const write of [writePrivate, createPrivate]) {
      const error = await write(path, 'x').then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(Unwritable)
      expect(error).toMatchObject({ exit: 'unreachable', message: expect.stringContaining(`${path} cannot be written: `) })
      expect((error as Unwritable).facts.next).toContain('ls -ld')
    }
  })
  test('a folder in place of the file', async () => {
    const base = home()
    mkdirSync(join(base, 'x.json'))
    writeFileSync(join(base, 'x.json/y'), '')
    await expect(writePrivate(join(base, 'x.json'), 'x')).rejects.toBeInstanceOf(Unwritable)
  })
})
