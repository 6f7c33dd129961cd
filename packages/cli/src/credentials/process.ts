/** `stint credential-process`: the protocol of `credential_process` (AWS SDKs and Tools Reference Guide, "Process credential provider"). */

import { brokerFor } from '../broker/broker.ts'
import type { Context } from '../context.ts'
import { shownLine } from '../output.ts'
import { identityOf } from '../sign-in/standing-token.ts'
import { entryFor, isText, type Kept, keptOr } from './cache.ts'
import { type CredentialFlags, entryOf, obtainFor } from './entry.ts'
import { type Obtained, spareOf } from './obtain.ts'

export async function credentialProcess(context: Context, flags: CredentialFlags, id: string): Promise<void> {
  const { env, stdout, argv } = context.process
  const text = await keptOr<string>({
    env,
    entry: await entryOfCaller(context, flags, argv.slice(2)),
    waitMs: (flags.wait ?? 0) * 1000,
    is: isText,
    warn: warning(context, flags),
    async get() {
      const wanted = await entryOf(context, flags, id, 'stint credential-process')
      return keepable(wanted.broker.url, await obtainFor(context, wanted), processJson)
    },
  })
  stdout.write(text)
}

/** Undefined if the token does not say whose it is. Then the broker refuses it, too. */
export async function entryOfCaller(context: Context, flags: CredentialFlags, words: readonly string[]): Promise<string | undefined> {
  const { env } = context.process
  const broker = await brokerFor(context, flags)
  const identity = broker.named ? '' : identityOf(await broker.token())
  return identity === undefined ? undefined : entryFor(env, words, identity)
}

export const warning =
  ({ process: { stderr } }: Context, { quiet }: CredentialFlags) =>
  (line: string): void =>
    void (quiet || stderr.write(`stint: ${shownLine(line)}\n`))

export function keepable<T>(url: string, obtained: Obtained, as: (obtained: Obtained) => T): Kept<T> {
  const expiresAtMs = Date.parse(obtained.credentials.expiration)
  return { url, renewAtMs: expiresAtMs - spareOf(expiresAtMs - Date.now()), value: as(obtained) }
}

const processJson = ({ account, credentials }: Obtained): string =>
  `${JSON.stringify({
    Version: 1,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: credentials.expiration,
    AccountId: account,
  })}\n`
