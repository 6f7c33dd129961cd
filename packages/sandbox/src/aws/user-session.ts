/**
 * GetSessionToken, MFA codes and GetAccessKeyInfo. Source of parameters, limits and who may call: AWS STS API Reference,
 * "GetSessionToken" and "GetAccessKeyInfo".
 */
import { acceptsMfa, accountOfKey } from './accounts.ts'
import type { Call } from './authorize.ts'
import { credentialsNode, wholeSecond } from './sts-grant.ts'
import { ACCESS_KEY_ID, type Mfa, Parameters, readDuration, readMfa } from './sts-parameters.ts'
import { StsError } from './sts-query.ts'
import { addUserSession, type World } from './world.ts'
import type { Node } from './xml.ts'

const STANDARD_SECONDS = 43_200
const MAX_SECONDS = 129_600

/** Needs no permission. Only the long-term key of a user can call it. */
export function sessionToken(world: World, call: Call, form: URLSearchParams): Node {
  const { identity, now } = call
  const parameters = new Parameters(form)
  const mfa = readMfa(parameters)
  const durationSeconds = readDuration(parameters, STANDARD_SECONDS, MAX_SECONDS)
  parameters.check()
  if (!identity.user || identity.userSession)
    throw new StsError(403, 'AccessDenied', 'Cannot call GetSessionToken with session credentials')
  if (mfa) checkMfa(world, call, mfa)
  const expiresAt = wholeSecond(now) + durationSeconds * 1000
  const session = addUserSession(world, identity.user, { issuedAt: now, expiresAt, ...(mfa ? { mfaAt: now } : {}) })
  return { Credentials: credentialsNode(session, expiresAt) }
}

/** The device must belong to the caller. A code works once. */
export function checkMfa(world: World, { identity: { user }, now }: Call, { serial, code }: Mfa): void {
  const device = user && world.accounts.get(user.account)?.mfaDevices.get(serial)
  if (!device || device.user !== user)
    throw new StsError(
      403,
      'AccessDenied',
      'MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is valid and associated with this user.',
    )
  if (!acceptsMfa(device, code, now))
    throw new StsError(403, 'AccessDenied', 'MultiFactorAuthentication failed with invalid MFA one time pass code.')
}

/** Says only which account a key ID belongs to, not whether the key exists. Needs no permission. */
export function accessKeyInfo(form: URLSearchParams): Node {
  const parameters = new Parameters(form)
  const id = parameters.need('AccessKeyId', ACCESS_KEY_ID)
  parameters.check()
  const account = accountOfKey(id)
  if (account === undefined) throw new StsError(400, 'ValidationError', 'Access key id is not valid.')
  return { Account: account }
}
