/** Who works at the company of the simulation, and the tokens that its issuers sign. */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { localSigner } from '@stint/broker/adapters/signer'
import { formatVkey } from '@stint/tlog/note'
import { EPOCH } from './world.ts'

export type Person = {
  readonly groups: readonly string[]
  readonly role?: string
  /** The person whom two identities share, in the config, and in the next release only. */
  readonly person?: string
  readonly personInNextRelease?: string
  readonly slack?: SlackName
}
export type SlackName = 'developer' | 'second-developer' | 'approver' | 'oncall' | 'auditor'

/** By subject at the issuer `lab`. */
export const PEOPLE: Readonly<Record<string, Person>> = {
  dana: { groups: [], role: 'engineer', person: 'dana', slack: 'developer' },
  'dana-admin': { groups: ['peers', 'managers'], person: 'dana' },
  sam: { groups: [], role: 'engineer', slack: 'second-developer' },
  cyd: { groups: ['peers'], role: 'engineer', personInNextRelease: 'cyd' },
  'cyd-two': { groups: ['peers'], personInNextRelease: 'cyd' },
  avery: { groups: ['peers'], slack: 'approver' },
  bob: { groups: ['peers', 'managers'], person: 'bob' },
  'bob-two': { groups: ['peers'], person: 'bob' },
  max: { groups: ['managers'] },
  olu: { groups: ['directors'], slack: 'oncall' },
  rex: { groups: ['responders'], person: 'rex' },
  'rex-two': { groups: ['responders'], person: 'rex' },
  ria: { groups: ['responders', 'peers'] },
  ada: { groups: ['auditors'], slack: 'auditor' },
}
/** The subject of CI jobs, at the issuer `ci`. */
export const JOB = 'repo:acme/app'
/** Who triggers jobs, by what their tokens say: the subject of a person, if the config knows one. */
export const JOB_TRIGGERS: Readonly<Record<string, string>> = { '77': 'dana' }
export const ENGINEERS = ['dana', 'sam', 'cyd'] as const
/** `isNext`: by the next release. */
export const personOf = (subject: string, isNext = false): string =>
  PEOPLE[subject]?.person ?? (isNext ? PEOPLE[subject]?.personInNextRelease : undefined) ?? subject

// Keys are the same in every process, or a seed would not be a schedule.
export const keyFrom = (byte: number): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]),
    format: 'der',
    type: 'pkcs8',
  })
/** The 32 bytes of the public key. */
export const publicKeyOf = (key: KeyObject): Uint8Array => Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url')
/** The issuers publish a second key at 12:19, sign with it from 12:20 on, and publish the first one until 12:35. */
const [ISSUER_KEY, NEXT_KEY] = [keyFrom(5), keyFrom(10)]
const [ADDED_AT, ROTATED_AT, REMOVED_AT] = [EPOCH + 1_140_000, EPOCH + 1_200_000, EPOCH + 2_100_000]
const FORGED_KEY = keyFrom(6)
export const LOG_KEY = keyFrom(7)
export const LOG_SIGNER = localSigner('stint.sim.example/log', LOG_KEY)
export const LOG_VKEY = formatVkey(LOG_SIGNER.key)
const jwk = (key: KeyObject, kid: string) => ({ ...createPublicKey(key).export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' })
const [first, second] = [jwk(ISSUER_KEY, 'k1'), jwk(NEXT_KEY, 'k2')]
const published = [[first], [first, second], [second]].map((keys) => Buffer.from(JSON.stringify({ keys })))
/** The keys that the issuers publish. */
export const jwksAt = (now: number): Uint8Array => published[now < ADDED_AT ? 0 : now < REMOVED_AT ? 1 : 2] as Buffer

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const signed = new Map<string, string>()

/** `key`: one that the issuer never had, or has removed. */
type Signing = { readonly key?: 'forged' | 'removed'; readonly typ?: string }

/** A token of an issuer, signed at an instant. Signed once for the same content. */
export function tokenOf(
  issuer: 'lab' | 'ci',
  claims: object,
  now: number,
  { key, typ = issuer === 'lab' ? 'at+jwt' : 'JWT' }: Signing = {},
): string {
  const payload = { iss: `https://lab.example/${issuer}`, aud: 'https://stint.acme.example', ...claims }
  const isOld = key === 'removed' || now < ROTATED_AT
  const head = `${encode({ alg: 'EdDSA', kid: isOld ? 'k1' : 'k2', typ })}.${encode(payload)}`
  const known = signed.get(`${head} ${key}`)
  if (known !== undefined) return known
  const token = `${head}.${sign(null, Buffer.from(head), key === 'forged' ? FORGED_KEY : isOld ? ISSUER_KEY : NEXT_KEY).toString('base64url')}`
  if (signed.size > 5000) signed.clear()
  signed.set(`${head} ${key}`, token)
  return token
}

/** Names are not subjects. */
const nameOf = (subject: string): string => `${subject[0]?.toUpperCase()}${subject.slice(1)} of Acme`

/** A person's token, five minutes valid; renewed each minute. */
export function personToken(subject: string, now: number, more: object = {}, signing: Signing = {}): string {
  const iat = Math.floor(now / 60_000) * 60 - 30
  const { groups, role } = PEOPLE[subject] ?? { groups: [], role: undefined }
  const claims = { sub: subject, name: nameOf(subject), groups, role, team: 'core', iat, exp: iat + 300, auth_time: iat, ...more }
  return tokenOf('lab', claims, now, signing)
}
/** A job's token, for one use. */
export const jobToken = (jti: string, actor: string, now: number, run = '1'): string => {
  const iat = Math.floor(now / 1000) - 5
  return tokenOf('ci', { sub: JOB, role: 'job', actor_id: actor, jti, run_id: run, team: 'ci', iat, exp: iat + 900 }, now)
}
