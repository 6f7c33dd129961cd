/** With `--online`: compares the config with each issuer's discovery document. The vend path never fetches that document. */
import type { Rules } from '@stint/core/config/shape'
import { isObject, parseForeignJson } from '@stint/core/json'
import type { Finding } from './catalogue.ts'

/** Returns the bytes of a GET; throws if they are unavailable. */
export type Get = (url: string, options: { readonly network?: 'private' }) => Promise<Uint8Array>

/** OpenID Connect Discovery 1.0 §4: the discovery document is at a fixed path below the issuer. */
export async function lintOnline(rules: Pick<Rules, 'issuers'>, get: Get): Promise<readonly Finding[]> {
  const found = await Promise.all(
    Object.entries(rules.issuers).map(async ([id, issuer]): Promise<Finding[]> => {
      const say = (path: string, what: string): Finding => ({ rule: 'online', path: `issuers.${id}.${path}`, what })
      const options = issuer.network === undefined ? {} : { network: issuer.network }
      let bytes: Uint8Array
      try {
        bytes = await get(`${issuer.url.replace(/\/$/, '')}/.well-known/openid-configuration`, options)
      } catch (error) {
        return [say('url', `Its discovery document is unavailable: ${error instanceof Error ? error.message : String(error)}.`)]
      }
      const parsed = parseForeignJson(bytes)
      if (!parsed.ok || !isObject(parsed.value)) return [say('url', 'Its discovery document is not a JSON object.')]
      const { issuer: named, jwks_uri: jwksUri } = parsed.value
      return [
        ...(named === issuer.url ? [] : [say('url', `Its discovery document names the issuer ${JSON.stringify(named ?? null)}.`)]),
        ...(jwksUri === issuer.jwksUri ? [] : [say('jwksUri', `Its discovery document has ${JSON.stringify(jwksUri ?? null)}.`)]),
      ]
    }),
  )
  return found.flat()
}
