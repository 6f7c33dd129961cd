/** Profiles whose sessions are renewed, for the issuers whose keys the tests hold. */
import { claim, defineConfig, glob, includes } from '@stint/core'
import type { IssuerSource } from '@stint/core/config/shape'
import lab from './lab.config.ts'

const engineer = { issuer: 'lab', claims: { role: 'engineer' } }
const renewed = { default: '4h', max: '8h', renew: '30m' } as const
const peers = {
  rules: [{ by: [{ issuer: 'lab', claims: { groups: includes('peers') } }], count: 1 }],
  expiresAfter: '1h',
  window: '4h',
  maxUses: 2,
} as const

export default defineConfig({
  ...lab,
  issuers: {
    ...lab.issuers,
    'lab-id': { ...(lab.issuers['lab-id'] as IssuerSource), kind: 'workload', tokenUse: 'any', jobIdentity: ['run_id'] },
  },
  people: {
    dana: [
      { issuer: 'lab', subject: 'dana' },
      { issuer: 'lab', subject: 'dana-home' },
    ],
    mona: [
      { issuer: 'lab', subject: 'mona' },
      { issuer: 'lab', subject: 'mona|admin' },
      { issuer: 'lab-once', actor: '79' },
    ],
    pia: [{ issuer: 'lab', subject: 'pia' }],
  },
  responders: [{ issuer: 'lab', claims: { groups: includes('responders') } }],
  profiles: {
    ...lab.profiles,
    long: {
      target: 'staging',
      eligible: [engineer, { issuer: 'lab-id', claims: { sub: glob('job-*') } }, { issuer: 'lab-once', claims: { role: 'job' } }],
      tags: { run: claim('run') },
      parameters: { bucket: { pattern: '[a-z]+', max: 20 } },
      policy: [
        { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: { join: ['arn:aws:s3:::', { param: 'bucket' }, '/*'] } },
      ],
      duration: renewed,
    },
    all: { target: 'staging', eligible: [engineer], duration: renewed },
    short: { target: 'staging', eligible: [engineer], duration: { default: '20m', max: '1h', renew: '5m' } },
    brief: { target: 'staging', eligible: [engineer], duration: { default: '30m', max: '1h', renew: '60s' } },
    bare: { target: 'staging', eligible: [engineer], sourceIdentity: false, duration: { default: '30m', max: '1h' } },
    once: { target: 'staging', eligible: [engineer], duration: { default: '30m', max: '1h' } },
    errand: {
      target: 'staging',
      eligible: [engineer, { issuer: 'lab-once', claims: { role: 'job' } }],
      duration: { default: '30m', max: '1h' },
      endOnExit: true,
    },
    'long-errand': { target: 'staging', eligible: [engineer], duration: { default: '30m', max: '1h', renew: '60s' }, endOnExit: true },
    approved: { target: 'staging', eligible: [engineer], approval: peers, justification: 'required', duration: renewed },
    guarded: {
      target: 'staging',
      eligible: [{ ...engineer, mfa: true, authAge: '15m', sourceIp: ['127.0.0.0/8'] }],
      duration: renewed,
    },
  },
})
