/**
 * Verifies that a call is from Slack: HMAC-SHA256 over the raw bytes, before anything parses them. Source: Slack API docs,
 * "Verifying requests from Slack".
 *
 * A signature is valid for 300 seconds before and after its timestamp. Slack's own verifiers accept any timestamp in the future.
 * Within that time, a call that can change something is accepted once (`SEEN#` items).
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Instant, seconds } from '@stint/core/instant'
import { type Done, done } from '@stint/core/outcome'

const SIGNATURE_LIFE_SECONDS = 300

type Signed = { readonly headers: ReadonlyMap<string, readonly string[]>; readonly body: Uint8Array }
/** Why the verification failed, for the operator only. The response does not say it. */
type NotSlack = { readonly outcome: 'forged'; readonly why: string }

const forged = (why: string): NotSlack => ({ outcome: 'forged', why })

/** `secrets`: the app's signing secret, and during a rotation also the previous one. Returns the signature, which identifies the call. */
export function verifySlack({ headers, body }: Signed, secrets: readonly string[], now: Instant): Done<string> | NotSlack {
  // An attacker can sign with an empty secret.
  if (secrets.length === 0 || secrets.includes('')) throw new TypeError('A signing secret is empty')
  const only = (name: string) => {
    const values = headers.get(name) ?? []
    return values.length === 1 ? values[0] : undefined
  }
  const [stamp, signature] = [only('x-slack-request-timestamp'), only('x-slack-signature')]
  if (stamp === undefined || !/^[1-9]\d{0,10}$/.test(stamp)) return forged('the timestamp is missing or invalid')
  if (signature === undefined || !/^v0=[0-9a-f]{64}$/.test(signature)) return forged('the signature is missing or invalid')
  const age = now - seconds(Number(stamp))
  if (age > seconds(SIGNATURE_LIFE_SECONDS)) return forged('the timestamp is too old')
  if (age < -seconds(SIGNATURE_LIFE_SECONDS)) return forged('the timestamp is in the future')

  const given = Buffer.from(signature.slice(3), 'hex')
  // Try every secret, so that the time does not reveal which one matched.
  const fits = secrets.map((secret) => timingSafeEqual(createHmac('sha256', secret).update(`v0:${stamp}:`).update(body).digest(), given))
  return fits.includes(true) ? done(signature) : forged('the signature does not match')
}
