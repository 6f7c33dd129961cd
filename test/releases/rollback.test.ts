/** A rollback: this code does what it can, and the last release goes on with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifiedNow } from '../support/verified.ts'
import { codeNow, codeOf, type Deployment, deploymentOf, streamOf } from './deployment.ts'
import { lastRelease } from './fixture.ts'
import { type Opened, open } from './open.ts'
import { begin, goOn } from './scenario.ts'

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

test('the last release goes on with what this code left', async () => {
  const left = await begin(opened.world, now)
  now.close()
  await goOn(opened.world, released, left)
  const report = await verifiedNow(opened.sandbox)
  expect([report.faults, report.notices]).toEqual([[], []])
})
