/** Seeded bugs in tokens, signing keys and links with Slack. */
import type { Bug } from '../../support/seeded.ts'
import type { Guarding } from '../../verify/requirements.ts'

export const identityBugs: readonly (Bug & Guarding)[] = [
  {
    name: 'a forged signature of Slack is accepted',
    guards: ['promise 4'],
    file: 'packages/broker/src/slack/signature.ts',
    from: 'return fits.includes(true) ? done(signature)',
    to: 'return fits.length > 0 ? done(signature)',
  },
  {
    name: 'signing keys are fetched once',
    guards: ['ASVS 9.1.3'],
    file: 'packages/broker/src/adapters/jwks.ts',
    from: 'const age = settings.clock() - cached.fetchedAt',
    to: 'const age = cached.keys.size > 0 ? 0 : Number.POSITIVE_INFINITY',
  },
  {
    name: 'the audience of a token is not checked',
    guards: ['RFC 8725 3.9', 'ASVS 9.2.3'],
    file: 'packages/core/src/identity/token.ts',
    from: '    audienceFault(issuer, claims) ??\n',
    to: '',
  },
  {
    name: 'Slack: another user than the one shown is confirmed',
    guards: ['promise 4'],
    file: 'packages/core/src/identity/link.ts',
    from: "  if (!isSame(link.pending.slack, seen)) return refused('request-changed', 'Another Slack user has entered the code meanwhile.')\n",
    to: '',
  },
  {
    name: 'Slack: a request is accepted days after it was signed',
    guards: [],
    file: 'packages/broker/src/slack/signature.ts',
    from: 'const SIGNATURE_LIFE_SECONDS = 300',
    to: 'const SIGNATURE_LIFE_SECONDS = 300_000',
  },
  {
    name: 'Slack: a message is not changed when its request is',
    guards: [],
    file: 'packages/broker/src/slack/request-messages.ts',
    from: 'if (!this.#again && post.version !== undefined && post.version >= version) return',
    to: 'if (!this.#again && post.version !== undefined && post.version >= 0 * version) return',
  },
]
