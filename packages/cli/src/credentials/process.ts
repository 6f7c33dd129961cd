/** `stint credential-process`: the protocol of `credential_process` (AWS SDKs and Tools Reference Guide, "Process credential provider"). */
import type { Context } from '../context.ts'
import { entryFor, type Kept, keptOr } from './cache.ts'
import { type CredentialFlags, entryOf, obtainFor } from './entry.ts'
import { type Obtained, spareOf } from './obtain.ts'

export async function credentialProcess(context: Context, flags: CredentialFlags, id: string): Promise<void> {
  const { env, stdout, argv } = context.process
  const entry = await entryFor(env, argv.slice(2))
  const text = await keptOr<string>(env, entry, (flags.wait ?? 0) * 1000, async () => {
    const wanted = await entryOf(context, flags, id, 'stint credential-process')
    return keepable(wanted.broker.url, await obtainFor(context, wanted), processJson)
  })
  stdout.write(text)
}

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
