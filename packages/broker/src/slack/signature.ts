/**
 * Is this call from Slack? HMAC-SHA256 over the bytes as they came, before anybody parses them. Source: Slack API docs,
 * "Verifying requests from Slack".
 *
 * A signature is good for 300 seconds, into the future too: Slack's own verifiers let a timestamp that lies ahead pass for as
 * long as it does. Within those seconds it is good once for what changes anything (`SEEN#`, rules §8).
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Instant, seconds } from '@stint/core/instant'
import { type Done, done } from '@stint/core/outcome'

export const SIGNATURE_LIFE_SECONDS = 300

export type Signed = { readonly headers: ReadonlyMap<string, readonly string[]>; readonly body: Uint8Array }
/** Why it is not, for the operator. A stranger is told nothing. */
export type NotSlack = { readonly outcome: 'forged'; readonly why: string }

const forged = (why: string): NotSlack => ({ outcome: 'forged', why })

/** `secrets`: the app's signing secret, and while it is rotated the one before. Gives the signature, by which the call is remembered. */
export function verifySlack({ headers, body }: Signed, secrets: readonly string[], now: Instant): Done<string> | NotSlack {
  // Anybody can sign with nothing.
  if (secrets.length === 0 || secrets.includes('')) throw new TypeError('a signing secret is empty')
  const only = (name: string) => {
    const values = headers.get(name) ?? []
    return values.length === 1 ? values[0] : undefined
  }
  const [stamp, signature] = [only('x-slack-request-timestamp'), only('x-slack-signature')]
  if (stamp === undefined || !/^[1-9]\d{0,10}$/.test(stamp)) return forged('the timestamp is missing or odd')
  if (signature === undefined || !/^v0=[0-9a-f]{64}$/.test(signature)) return forged('the signature is missing or odd')
  const age = now - seconds(Number(stamp))
  if (age > seconds(SIGNATURE_LIFE_SECONDS)) return forged('the timestamp is old')
  if (age < -seconds(SIGNATURE_LIFE_SECONDS)) return forged('the timestamp lies ahead')

  const given = Buffer.from(signature.slice(3), 'hex')
  // Every secret is tried, so that how long it takes says nothing of which one it was.
  const fits = secrets.map((secret) => timingSafeEqual(createHmac('sha256', secret).update(`v0:${stamp}:`).update(body).digest(), given))
  return fits.includes(true) ? done(signature) : forged('the signature does not hold')
}
