/** Completion in real shells, where no `stint` is on the PATH, as after `npx stint`. */
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STINT } from '../support/cli.ts'
import { spawned } from '../support/cli-user.ts'
import { testWith } from '../support/tools.ts'

const PATH = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !existsSync(join(folder, 'stint')))
  .join(delimiter)
const SOURCE = `'${process.execPath}' '${STINT}' completion`
const env = { PATH, HOME: mkdtempSync(join(tmpdir(), 'stint-completion-')), NO_COLOR: '1' }

describe('completion', () => {
  testWith('bash')('of bash proposes commands, and nothing of its own behind --', async () => {
    const code = `source <(${SOURCE} bash --quiet)
for line in 'stint appr' 'stint exec p -- l'; do COMP_LINE=$line COMP_POINT=\${#line}; _stint; echo "[\${COMPREPLY[*]}]"; done`
    expect(await spawned('bash', ['--norc', '-c', code], env)).toMatchObject({ stdout: '[approve]\n[]\n', stderr: '' })
  })
  testWith('zsh')('of zsh proposes commands with what they do', async () => {
    const code = `compdef() {}; _describe() { print -r -- $replies }; _files() { print files }
source <(${SOURCE} zsh --quiet); words=(stint appr); CURRENT=2; _stint`
    expect(await spawned('zsh', ['-f', '-c', code], env)).toMatchObject({ stdout: 'approve:Approve a request\n', stderr: '' })
  })
  testWith('fish')('of fish proposes commands, and files behind --', async () => {
    const code = `${SOURCE} fish --quiet | source; complete -C 'stint appr'; complete -C 'stint exec p -- /etc/passw'`
    expect((await spawned('fish', ['--no-config', '-c', code], env)).stdout).toMatch(/^approve\tApprove a request\n\/etc\/passwd/)
  })
  test('says what is missing if the shell knows no stint', async () => {
    const { stderr } = await spawned(process.execPath, [STINT, 'completion', 'bash'], env)
    expect(stderr).toMatch(/^stint: stint is not on your PATH, so shells cannot complete it\. Run: alias stint='.*stint\.cjs'\n$/)
  })
})
