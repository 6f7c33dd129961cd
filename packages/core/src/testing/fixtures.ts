/** A caller and a config for the tables of core. Only tests import this. */
import { rulesOf } from '../config/rules.ts'
import type { Config, Profile, Rules } from '../config/shape.ts'
import type { Caller } from '../identity/caller.ts'

/** 2026-11-24T12:00:00Z */
export const NOW = 1_795_521_600_000

export const caller = (change: Partial<Caller> = {}): Caller =>
  ({
    issuer: 'people',
    issuerKey: 'acme',
    subject: 'dana',
    kind: 'human',
    name: 'Dana',
    identity: 'dana',
    groups: [],
    claims: { sub: 'dana', groups: ['developers'], run_id: '7' },
    groupsOmitted: false,
    mfa: false,
    token: { issuedAt: NOW - 60_000, expiresAt: NOW + 600_000, hash: 'a'.repeat(64), once: 'jti:1', audience: '"stint"' },
    ...change,
  }) as Caller

export const profile = (change: Partial<Profile> = {}): Profile => ({
  target: 'prod',
  eligible: [{ issuer: 'people', claims: { groups: { includes: 'developers' } } }],
  duration: { default: '30m', max: '1h' },
  ...change,
})

export const config = (profiles: Record<string, Profile> = { reader: profile() }): Config => ({
  issuers: {
    people: {
      url: 'https://login.acme.example',
      jwksUri: 'https://login.acme.example/jwks',
      key: 'acme',
      kind: 'human',
      audiences: ['stint'],
      tokenUse: 'any',
      algorithms: ['ES256'],
    },
    ci: {
      url: 'https://ci.acme.example',
      jwksUri: 'https://ci.acme.example/jwks',
      key: 'ci',
      kind: 'workload',
      audiences: ['stint'],
      tokenUse: 'any',
      algorithms: ['RS256'],
    },
  },
  targets: {
    prod: { account: '111122223333', roleArn: 'arn:aws:iam::111122223333:role/stint/Reader', externalId: 'ext-1', region: 'eu-central-1' },
  },
  profiles,
})

export const rules = (profiles?: Record<string, Profile>): Rules => rulesOf(config(profiles), 'f'.repeat(64))
