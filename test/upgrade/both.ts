/** The last release and this code, at once on one AWS. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codeNow, codeOf, type Deployment, deploymentOf, type Stream, streamOf } from './deployment.ts'
import { lastRelease } from './fixture.ts'
import { type Opened, open } from './open.ts'

export const version = lastRelease()
export type Which = 'released' | 'now'
export type Both = Opened & { readonly stream: Stream; readonly both: Readonly<Record<Which, Deployment>> }

export async function openBoth(): Promise<Both> {
  const opened = await open(version)
  const { sandbox, config } = opened
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'stint-code-')))
  const [old = '', own = ''] = folders
  const stream = streamOf(sandbox)
  const both = {
    released: deploymentOf(codeOf(version, old), config.released, sandbox, stream),
    now: deploymentOf(codeNow(own), config.now, sandbox, stream),
  }
  return {
    ...{ ...opened, stream, both },
    async close() {
      for (const one of Object.values(both)) one.close()
      await opened.close()
      for (const folder of folders) rmSync(folder, { recursive: true })
    },
  }
}
