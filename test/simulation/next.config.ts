/** The company's next release: one policy narrower, one rule stricter, one profile gone. Old and new code run side by side for a while. */
import { defineConfig, includes } from '@stint/core'
import type { Profile } from '@stint/core/config/shape'
import company from './company.config.ts'

const { bucket: _gone, many, one, ...profiles } = company.profiles
const peers = [{ issuer: 'lab', claims: { groups: includes('peers') } }]

export default defineConfig({
  ...company,
  profiles: {
    ...profiles,
    one: { ...(one as Profile), policy: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] },
    many: { ...(many as Profile), approval: { rules: [{ by: peers, count: 3 }], expiresAfter: '30m', window: '20m', maxUses: 3 } },
  },
})
