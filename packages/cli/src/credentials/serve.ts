/** `stint serve`: the container credentials protocol for IDEs and containers, until it is stopped. */
import type { Context } from '../context.ts'
import { jsonLine } from '../output.ts'
import { startEndpoint } from './endpoint.ts'
import { type CredentialFlags, entryOf, obtainAgainFor, obtainFor } from './entry.ts'
import { remindOfEnd } from './reminder.ts'
import { codeFor, setCode } from './shell-code.ts'

export async function serveCommand(
  context: Context,
  flags: CredentialFlags & { readonly port?: number },
  id: string | undefined,
): Promise<void> {
  const { process } = context
  const entry = await entryOf(context, flags, id, 'stint serve')
  const first = await obtainFor(context, entry)
  const endpoint = await startEndpoint(first, (last) => obtainAgainFor(context, entry, last), flags.port)
  const variables = { ...endpoint.variables, AWS_REGION: first.region, AWS_DEFAULT_REGION: first.region }
  process.stdout.write(flags.json ? jsonLine(variables) : setCode(codeFor(process.env, process.platform), variables))
  if (!flags.quiet)
    process.stderr.write(
      `Serving the profile ${entry.profile.id} on loopback. Set the variables above where you need it. Ctrl-C stops it.\n`,
    )
  const forget = flags.quiet ? undefined : remindOfEnd(context, entry, first)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  forget?.()
  endpoint.close()
}
