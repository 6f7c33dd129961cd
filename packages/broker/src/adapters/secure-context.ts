/**
 * The certificates that connections to AWS trust. Node would parse them again for each agent and each connection, which takes
 * milliseconds of a cold start.
 */
import { createSecureContext, type SecureContext } from 'node:tls'

let shared: SecureContext | undefined

export function secureContext(): SecureContext {
  shared ??= createSecureContext()
  return shared
}
