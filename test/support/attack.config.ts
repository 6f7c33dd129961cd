/** The lab's config for attacks on the pages: the lab signs people in, and a profile for each payload has it as its description. */
import { binding, defineConfig, includes } from '@stint/core'
import { onOneLine, payloads } from './payloads.ts'
import slack from './slack.config.ts'

const anyone = [{ issuer: 'lab', claims: { role: 'engineer' } }]
const by = [{ issuer: 'lab', claims: { groups: includes('approvers') } }]
const approval = { rules: [{ by, count: 1 }], expiresAfter: '1h', window: '1h', maxUses: 2 }
const duration = { default: '30m', max: '1h' }

export default defineConfig({
  ...slack,
  auditors: [{ issuer: 'lab', claims: { groups: includes('approvers') } }],
  signIn: {
    lab: {
      authorizationEndpoint: binding('LAB_AUTHORIZE', 'https://login.acme.example/authorize'),
      tokenEndpoint: binding('LAB_TOKEN', 'https://login.acme.example/token'),
      clientId: 'stint-web',
    },
  },
  profiles: {
    // A parameter may have any Latin-1 character: it is the widest pattern that there is.
    open: {
      target: 'staging',
      eligible: anyone,
      parameters: { what: { pattern: '[^\\x00-\\x1f]*', max: 512 } },
      approval: { ...approval, breakGlass: true },
      justification: 'required',
      duration,
    },
    direct: { target: 'staging', eligible: anyone, duration },
    ...Object.fromEntries(
      payloads.map((payload, at) => [
        `described-${String(at).padStart(2, '0')}`,
        { target: 'staging', eligible: [{ issuer: 'lab', claims: { sub: 'reader' } }], description: onOneLine(payload), duration },
      ]),
    ),
  },
})
