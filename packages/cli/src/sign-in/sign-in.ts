/** The two ways to sign in: a browser on this machine (authorization code with PKCE), or one anywhere else (device flow). */
import { setTimeout as sleep } from 'node:timers/promises'
import * as oauth from 'oauth4webapi'
import { isWebPage, openBrowser } from '../frame/browser.ts'
import { Failure } from '../frame/failure.ts'
import type { Env, Send } from '../frame/http.ts'
import type { Named } from './contexts.ts'
import { issuerFailure, issuerOf, tokensFrom } from './issuer.ts'
import { listenForRedirect } from './loopback.ts'
import type { Tokens } from './token-store.ts'

type SignInOptions = {
  readonly browser: boolean
  /** Sign in again even if the browser still has a session at the issuer. */
  readonly again: boolean
  readonly say: (line: string) => void
}

const SIGN_IN_MS = 5 * 60_000

export async function signInWithBrowser(env: Env, send: Send, named: Named, options: SignInOptions): Promise<Tokens> {
  const { server, client, options: call } = await issuerOf(send, named)
  if (!isWebPage(server.authorization_endpoint ?? ''))
    throw new Failure('failed', `The issuer ${named.issuer} has no authorization endpoint with https.`, {
      next: `Run stint login --device ${named.url}`,
    })
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const loopback = await listenForRedirect()
  let timer: NodeJS.Timeout | undefined
  try {
    const url = new URL(server.authorization_endpoint as string)
    const query = {
      client_id: named.clientId,
      response_type: 'code',
      redirect_uri: loopback.redirectUri,
      scope: named.scope,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      ...(options.again ? { prompt: 'login' } : {}),
    }
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const opened = options.browser && (await openBrowser(env, url.href, 0))
    options.say(
      opened
        ? `Your browser opens to sign you in. If it does not, open this URL:\n\n  ${url.href}\n`
        : `Open this URL in a browser on this machine:\n\n  ${url.href}\n`,
    )
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Failure('signIn', 'You did not sign in within 5 minutes.', { next: `Run stint login ${named.url}` })),
        SIGN_IN_MS,
      )
    })
    const arrived = await Promise.race([loopback.arrived, late])
    const parameters = oauth.validateAuthResponse(server, client, arrived, state)
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      parameters,
      loopback.redirectUri,
      verifier,
      call,
    )
    return tokensFrom(await oauth.processAuthorizationCodeResponse(server, client, response), named.token, Date.now())
  } catch (error) {
    throw issuerFailure(named.issuer, error)
  } finally {
    clearTimeout(timer)
    loopback.close()
  }
}

/** RFC 8628. */
export async function signInWithDevice(
  send: Send,
  named: Named,
  say: (line: string) => void,
  pause: (ms: number) => Promise<unknown> = sleep,
): Promise<Tokens> {
  const { server, client, options } = await issuerOf(send, named)
  if (server.device_authorization_endpoint === undefined)
    throw new Failure('failed', `The issuer ${named.issuer} has no device flow.`, {
      next: `Sign in with a browser: stint login ${named.url}`,
    })
  try {
    const started = await oauth.processDeviceAuthorizationResponse(
      server,
      client,
      await oauth.deviceAuthorizationRequest(server, client, oauth.None(), { scope: named.scope }, options),
    )
    say(
      `On any device, open:\n\n  ${started.verification_uri_complete ?? started.verification_uri}\n\nand check that it shows this code: ${started.user_code}\n`,
    )
    const deadline = Date.now() + Math.min(started.expires_in, 1800) * 1000
    let intervalMs = Math.max(1, started.interval ?? 5) * 1000
    while (Date.now() < deadline) {
      await pause(intervalMs)
      const response = await oauth.deviceCodeGrantRequest(server, client, oauth.None(), started.device_code, options)
      try {
        return tokensFrom(await oauth.processDeviceCodeResponse(server, client, response), named.token, Date.now())
      } catch (error) {
        if (!(error instanceof oauth.ResponseBodyError)) throw error
        if (error.error === 'slow_down') intervalMs += 5000
        else if (error.error !== 'authorization_pending') throw error
      }
    }
  } catch (error) {
    throw issuerFailure(named.issuer, error)
  }
  throw new Failure('signIn', 'The code expired before it was used.', { next: `Run stint login --device ${named.url}` })
}
