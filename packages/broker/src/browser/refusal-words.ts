/** How pages word refusals. The catalogue of problems speaks to callers of the API, who can send another token or call another route. */
import { type ProblemCode, problems } from '@stint/core/problem'

type Words = { readonly title: string; readonly next: string }

const onPages: { readonly [code in ProblemCode]?: Partial<Words> } = {
  'body-invalid': { title: 'Check what you entered', next: 'Go back, and correct it.' },
  'body-too-large': { title: 'The form is too large', next: 'Go back, and shorten it.' },
  'token-invalid': { title: 'Sign in again', next: 'Open My access to sign in.' },
  'token-expired': { title: 'Your sign-in has expired', next: 'Open My access to sign in.' },
  'mfa-required': { next: 'Sign in again with a second factor.' },
  'auth-too-old': { title: 'This needs a recent sign-in', next: 'Sign in again.' },
  'source-ip': { next: 'Use an allowed network, such as the VPN of your company.' },
  'route-unknown': { title: 'Page not found', next: 'Start from My access.' },
  'profile-unknown': { next: 'My access lists the profiles that you can see.' },
  'request-unknown': { next: 'Check the address, or ask the person who sent it to you.' },
  'session-unknown': { next: 'My access lists your live sessions.' },
  'event-unknown': { next: 'Activity lists the events that you can see.' },
  'link-unknown': { next: 'Get another code on this page, and enter it in Slack.' },
  'not-approver': { next: 'Ask an approver of the profile.' },
  'duration-invalid': { title: 'Check the duration', next: 'Enter a duration such as 15m or 1h30m, within the limits of the profile.' },
  frozen: { next: 'Ask a responder why, and who can release it.' },
  'end-policy-full': { next: 'Let its credentials expire on their own, or ask a responder.' },
  'parameter-invalid': { next: 'Go back, and correct the parameter.' },
}

export const wordsOnPage = (code: ProblemCode): Words => ({ ...problems[code], ...onPages[code] })
