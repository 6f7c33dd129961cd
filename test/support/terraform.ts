/** Terraform in a folder, without a provider, a network or anything of the user's: only what is built in. */
import { execFile } from 'node:child_process'

export type TerraformRun = { readonly code: number; readonly output: string }

/** Runs a command of Terraform in `folder`, with the flags that keep it from asking. `code` is its exit code. */
export const terraformIn =
  (folder: string) =>
  (command: 'init' | 'plan' | 'apply' | 'fmt' | 'show' | 'validate', ...args: readonly string[]): Promise<TerraformRun> =>
    new Promise((resolve, reject) => {
      // No TF_* and no home of the user's. CHECKPOINT_DISABLE: Terraform would otherwise ask its maker for news.
      const env = { PATH: process.env.PATH, HOME: folder, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' }
      const flags = {
        init: ['-backend=false'],
        plan: ['-input=false'],
        apply: ['-input=false', '-auto-approve'],
        fmt: [],
        show: ['-json'],
        validate: [],
      }[command]
      execFile(
        'terraform',
        [command, '-no-color', ...flags, ...args],
        { cwd: folder, env, maxBuffer: 1 << 26 },
        (error, stdout, stderr) => {
          if (error !== null && typeof error.code !== 'number') reject(error)
          else resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
        },
      )
    })
