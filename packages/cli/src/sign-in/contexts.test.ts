import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configFolder, stateFolder } from '../frame/paths.ts'
import { Unwritable } from '../frame/private-file.ts'
import { removeState, writeContexts } from './contexts.ts'

test('contexts that cannot be written name the variable of their folder', async () => {
  const error = await writeContexts({ XDG_CONFIG_HOME: '/proc/nope' }, { contexts: {} }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(Unwritable)
  expect((error as Unwritable).facts.next).toMatch(/^Set XDG_CONFIG_HOME to a folder that you can write, /)
})

test('removes everything that is kept of any broker or role, and nothing else', async () => {
  const env = { HOME: mkdtempSync(join(tmpdir(), 'stint-contexts-')) }
  const kept = ['tokens', 'credentials', 'profiles', 'roles'].map((name) => join(stateFolder(env), name))
  const other = [join(stateFolder(env), 'audit'), configFolder(env)]
  for (const folder of [...kept, ...other]) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'x.json'), '{}')
  }
  await removeState(env)
  expect([...kept, ...other].filter((folder) => existsSync(folder))).toEqual(other)
})

test('a state folder that cannot be removed says so, and what to do', async () => {
  const env = { XDG_STATE_HOME: process.execPath }
  const error = await removeState(env).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(Unwritable)
  expect((error as Unwritable).message).toMatch(/ cannot be removed: ENOTDIR/)
})
