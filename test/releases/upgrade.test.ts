/** An upgrade: this code opens what each release left, and goes on with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { verifiedNow } from '../support/verified.ts'
import { codeNow, deploymentOf, streamOf } from './deployment.ts'
import { releases, stateOf } from './fixture.ts'
import { open } from './open.ts'
import { goOn } from './scenario.ts'

describe.each(releases)('what release %s left', (version) => {
  test('this code goes on with', async () => {
    const state = stateOf(version)
    const { sandbox, world, config, close } = await open(version, state)
    const folder = mkdtempSync(join(tmpdir(), 'stint-code-'))
    const now = deploymentOf(codeNow(folder), config.now, sandbox, streamOf(sandbox, state.unshipped as never))
    onTestFinished(async () => {
      now.close()
      await close()
      rmSync(folder, { recursive: true })
    })
    await goOn(world, now, state.left)
    const report = await verifiedNow(sandbox)
    expect([report.faults, report.notices]).toEqual([[], []])
  })
})
