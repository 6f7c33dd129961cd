/** A rollback: this code does what it can, and the last release goes on with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { codeNow, codeOf, type Deployment, deploymentOf, streamOf } from './deployment.ts'
import { lastRelease } from './fixture.ts'
import { type Opened, open } from './open.ts'
import { keep, readAll } from './reads.ts'
import { begin, goOn, type Left } from './scenario.ts'

const version = lastRelease()
let opened: Opened
let [folder, oldFolder] = ['', '']
let now: Deployment
let released: Deployment
beforeAll(async () => {
  opened = await open(version)
  folder = mkdtempSync(join(tmpdir(), 'stint-code-'))
  oldFolder = mkdtempSync(join(tmpdir(), 'stint-code-'))
  const stream = streamOf(opened.sandbox)
  now = deploymentOf(codeNow(folder), opened.config.now, opened.sandbox, stream)
  released = deploymentOf(codeOf(version, oldFolder), opened.config.released, opened.sandbox, stream)
})
afterAll(async () => {
  now?.close()
  released?.close()
  await opened?.close()
  for (const one of [folder, oldFolder]) rmSync(one, { recursive: true })
})

let left: Left
describe('after this code, the last release', () => {
  beforeAll(async () => {
    left = await begin(opened.world, now)
    now.close()
  })
  test('goes on with all that was half done', () => goOn(opened.world, released, left))
  test('shows and proves what it did', () => readAll(opened.world, opened.sandbox, released, left))
  test('retires what is old', () => keep(opened.sandbox, released, 0))
})
