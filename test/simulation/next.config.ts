/** The company's next release: one more person with two identities, one policy narrower, one rule stricter, one looser, one profile gone. Old and new code run side by side for a while. */
import { defineConfig, includes } from '@stint/core'
import type { Profile } from '@stint/core/config/shape'
import company from './company.config.ts'

const { bucket: _gone, many, one, two, ...profiles } = company.profiles
const peers = [{ issuer: 'lab', claims: { groups: includes('peers') } }]

export default defineConfig({
  ...company,
  people: {
    ...company.people,
    cyd: [
      { issuer: 'lab', subject: 'cyd' },
      { issuer: 'lab', subject: 'cyd-two' },
    ],
  },
  profiles: {
    ...profiles,
    one: { ...(one as Profile), policy: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] },
    two: { ...(two as Profile), approval: { rules: [{ by: peers, count: 1 }], expiresAfter: '1h', window: '1h', maxUses: 2 } },
    many: { ...(many as Profile), approval: { rules: [{ by: peers, count: 3 }], expiresAfter: '30m', window: '20m', maxUses: 3 } },
  },
})
