/**
 * The console sign-in URL. Source: AWS IAM User Guide, "Enable custom identity broker access to the AWS console".
 *
 * Credentials are sent by POST, so that they are in no URL that might be logged. `SessionDuration` is never sent: with chained credentials
 * AWS answers 400, and without it the console session ends with the credentials.
 */
import { done } from '@stint/core/outcome'
import type { SignIn } from '../ports/console-sign-in.ts'

type SignInSettings = {
  /** `https://REGION.signin.aws.amazon.com/federation` */
  readonly endpoint: string
  /** The console of the partition. */
  readonly destination: string
  /** Where the console sends users whose session has ended. */
  readonly issuer: string
  /** Posts a form and returns status and body. */
  readonly post: (url: string, form: string) => Promise<{ readonly status: number; readonly body: string }>
}

export const consoleSignIn = (settings: SignInSettings): SignIn => ({
  async url({ accessKeyId, secretAccessKey, sessionToken }) {
    const session = JSON.stringify({ sessionId: accessKeyId, sessionKey: secretAccessKey, sessionToken })
    try {
      const { status, body } = await settings.post(
        settings.endpoint,
        new URLSearchParams({ Action: 'getSigninToken', Session: session }).toString(),
      )
      const answer: unknown = status === 200 ? JSON.parse(body) : undefined
      const token = typeof answer === 'object' && answer !== null && 'SigninToken' in answer ? answer.SigninToken : undefined
      // A URL without spaces or control characters, and short enough for a browser.
      if (typeof token !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(token))
        return { outcome: 'unknown', cause: `AWS sign-in answered ${status}` }
      const query = new URLSearchParams({ Action: 'login', Issuer: settings.issuer, Destination: settings.destination, SigninToken: token })
      return done(`${settings.endpoint}?${query}`)
    } catch {
      // Do not pass on the error's own message: it could quote what was sent.
      return { outcome: 'unknown', cause: 'the response of AWS sign-in is invalid' }
    }
  },
})
