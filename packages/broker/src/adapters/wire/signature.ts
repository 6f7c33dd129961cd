/**
 * Signature Version 4 for one service in one region, for a POST to `/` without a query.
 * Source: AWS IAM User Guide, "Create a signed AWS API request".
 */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import type { Instant } from '@stint/core/instant'

export type StaticKeys = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
export type Headers = Readonly<Record<string, string>>

/** Returns the headers of a request: the given ones, which are lower case, and those that authenticate it. */
export function signer(service: string, region: string, keys: StaticKeys): (headers: Headers, body: string, now: Instant) => Headers {
  // The key depends on nothing but the day; deriving it costs four HMACs. As a KeyObject, OpenSSL takes it over once and not at each call.
  let derived: { readonly day: string; readonly key: KeyObject } | undefined
  const keyOf = (day: string): KeyObject => {
    if (derived?.day !== day) {
      const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${keys.secretAccessKey}`)
      derived = { day, key: createSecretKey(key as Buffer) }
    }
    return derived.key
  }

  return (headers, body, now) => {
    const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
    const day = time.slice(0, 8)
    const digest = hash('sha256', body)
    const signed: Record<string, string> = {
      ...headers,
      'content-length': String(Buffer.byteLength(body)),
      'x-amz-content-sha256': digest,
      'x-amz-date': time,
      ...(keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken }),
    }
    const names = Object.keys(signed).sort()
    const list = names.join(';')
    const canonical = `POST\n/\n\n${names.map((name) => `${name}:${signed[name]}\n`).join('')}\n${list}\n${digest}`
    const scope = `${day}/${region}/${service}/aws4_request`
    const signature = hmac(keyOf(day), `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', canonical)}`).toString('hex')
    signed.authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${list}, Signature=${signature}`
    return signed
  }
}

const hmac = (key: string | Buffer | KeyObject, data: string): Buffer => createHmac('sha256', key).update(data).digest()
