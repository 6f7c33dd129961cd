/** `stint env`: shell code for `eval`. If it fails, the printed code unsets the AWS variables and fails, and the message is on stderr. */
import type { Context } from '../context.ts'
import { end } from '../frame/run.ts'
import { jsonLine } from '../output.ts'
import { type CredentialFlags, entryOf, obtainFor } from './entry.ts'
import { staleIn, variablesOf } from './environment.ts'
import { type Code, codeFor, failCode, type Shell, setCode, shells, unsetCode } from './shell-code.ts'

export async function envCommand(
  context: Context,
  flags: CredentialFlags & { readonly shell?: Shell },
  id: string | undefined,
): Promise<number> {
  const { env, stdout, platform } = context.process
  const shell = flags.shell ?? codeFor(env, platform)
  const code = await end(context, flags, async () => {
    const variables = variablesOf(await obtainFor(context, await entryOf(context, flags, id, 'stint env')))
    stdout.write(flags.json ? jsonLine(variables) : `${unsetCode(shell, staleIn(env))}${setCode(shell, variables)}`)
  })
  // Otherwise a script would go on with the credentials that were there before.
  if (code !== 0 && !flags.json) stdout.write(failure(shell, env, code))
  return code
}

const failure = (shell: Code, env: NodeJS.ProcessEnv, code: number): string => `${unsetCode(shell, staleIn(env))}${failCode(shell, code)}`

/** The same where the flags could not be read. `--shell` is looked for as it is. */
export function failureCode({ env, argv, platform }: Pick<NodeJS.Process, 'env' | 'argv' | 'platform'>, code: number): string {
  const named = shells.find((shell) => argv.includes(`--shell=${shell}`) || argv[argv.indexOf('--shell') + 1] === shell)
  return failure(named ?? codeFor(env, platform), env, code)
}
