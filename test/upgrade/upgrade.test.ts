/** An upgrade: this code opens what each release left, and goes on with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeNow, type Deployment, deploymentOf, streamOf } from './deployment.ts'
import { releases, releasesWithoutFixture, stateOf } from './fixture.ts'
import { type Opened, open } from './open.ts'
import { keep, readAll } from './reads.ts'
import { goOn } from './scenario.ts'

test('every release has a fixture', () => expect(releasesWithoutFixture()).toEqual([]))

describe.each(releases)('after release %s, this code', (version) => {
  const state = stateOf(version)
  let opened: Opened
  let now: Deployment
  const folder = mkdtempSync(join(tmpdir(), 'stint-code-'))
  // The stream lost one session, whose item does not change any more.
  const [request = ''] = state.left.ending.split('.')
  const isLost = (record: object) => JSON.stringify(record).includes(request)
  beforeAll(async () => {
    opened = await open(version, state)
    const stream = streamOf(opened.sandbox, state.unshipped.filter((record) => !isLost(record)) as never)
    now = deploymentOf(codeNow(folder), opened.config.now, opened.sandbox, stream)
  })
  afterAll(async () => {
    now?.close()
    await opened?.close()
    rmSync(folder, { recursive: true })
  })

  test('takes its config as it is', () => {
    const hashOf = (packed: string) => JSON.parse(packed).hash
    expect(hashOf(opened.config.now)).toBe(hashOf(opened.config.released))
  })
  test('goes on with all that was half done', () => goOn(opened.world, now, state.left))
  test('shows and proves what it did', () => readAll(opened.world, opened.sandbox, now, state.left))
  test('finds what its stream lost, and retires what is old', () => keep(opened.sandbox, now, 4))
})
