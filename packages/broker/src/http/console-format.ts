/** `format: console`: the session, and a URL that signs in to the AWS console with its credentials. */
import { toIsoSeconds } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import type { Broker } from '../ports/broker.ts'
import type { Vended } from '../vend/vend.ts'
import { type Rendered, sessionFacts } from './formats.ts'

/** The sign-in URL is itself a secret, so it is returned in the body, and created only after the session has been recorded. */
export async function renderConsole({ signIn }: Broker, vended: Vended): Promise<Done<Rendered> | Refused<'sts-timeout'>> {
  const url = await signIn?.url(vended.assumed.credentials)
  if (url?.outcome !== 'done')
    return refused('sts-timeout', 'AWS sign-in did not answer. The session is recorded, and its credentials were not returned.')
  const facts = { ...sessionFacts(vended), expiration: toIsoSeconds(vended.expiration), signInUrl: url.value }
  return done({ type: 'application/json', body: JSON.stringify(facts) })
}
