/** `stint console`: the AWS console with a session of a profile. */

import { partitionOfRegion } from '@stint/iam/partition'
import type { Context } from '../context.ts'
import { isWebPage, openBrowser } from '../frame/browser.ts'
import { Failure } from '../frame/failure.ts'
import { left } from '../frame/words.ts'
import { jsonLine } from '../output.ts'
import { type CredentialFlags, entryOf } from './entry.ts'
import { vend } from './obtain.ts'

type ConsoleFlags = CredentialFlags & { readonly service?: string; readonly browser: boolean }

export async function consoleCommand(context: Context, flags: ConsoleFlags, id: string | undefined): Promise<void> {
  const { env, stdout, stderr } = context.process
  if (flags.service !== undefined && !/^[a-z0-9-]{1,40}$/.test(flags.service))
    throw new Failure('usage', `Invalid service: '${flags.service}'.`, {
      next: 'Use the name in the address of its console, such as s3 or cloudwatch.',
    })
  const { broker, profile, wanted, options } = await entryOf(context, flags, id, 'stint console')
  const session = await vend(context, broker, profile, wanted, options, { format: 'console' })
  const url = destined(String(session.signInUrl), flags.service, String(session.region))
  if (flags.json) return void stdout.write(jsonLine({ ...session, signInUrl: url }))
  const opened = flags.browser && (await openBrowser(env, url))
  if (!opened) {
    if (flags.browser && !flags.quiet) stderr.write('No browser could be opened. Open this URL, which is a secret until it expires:\n')
    stdout.write(`${url}\n`)
  } else if (!flags.quiet)
    stderr.write(
      `The console opens in your browser, for ${left(String(session.expiration), Date.now())}. If it does not: stint console ${profile.id} --no-browser\n`,
    )
}

/** AWS IAM User Guide, "Enable custom identity broker access to the AWS console": Destination is the page to open. */
export function destined(signInUrl: string, service: string | undefined, region: string): string {
  if (!isWebPage(signInUrl))
    throw new Failure('unreachable', 'The broker returned no sign-in URL.', {
      next: 'Compare the versions of broker and CLI: stint version',
    })
  const url = new URL(signInUrl)
  if (service !== undefined) {
    const page = new URL(`https://${partitionOfRegion(region).console}/${service}/home`)
    page.searchParams.set('region', region)
    url.searchParams.set('Destination', page.href)
  }
  return url.href
}
