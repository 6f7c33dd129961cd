/**
 * From a row of the corpus to a token. A row says what is odd about an otherwise good token: a header, a claim, a key, a
 * signature, the text itself. `corpus/README.md` explains the members.
 */
import {
  constants,
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  sign as signBytes,
} from 'node:crypto'

export type Recipe = {
  readonly name: string
  readonly each?: readonly string[]
  readonly eachJson?: readonly unknown[]
  readonly issuer?: string
  readonly key?: string
  readonly header?: Record<string, unknown>
  readonly claims?: Record<string, unknown>
  readonly headerText?: string
  readonly payloadText?: string
  readonly payloadHex?: string
  readonly sign?: string
  readonly signature?: string
  readonly append?: string
  readonly prepend?: string
  readonly inject?: readonly [number, string]
  readonly spareBits?: number
  readonly standardBase64?: number
  readonly empty?: number
  readonly segments?: number
  readonly recode?: 'hex' | 'twice'
  readonly raw?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly path?: string
  readonly body?: string
  readonly profile?: string
  readonly code?: string | readonly string[]
}

/** One row for each of its values, `{}` standing for it. */
export function expand(recipe: Recipe): readonly Recipe[] {
  const { each, eachJson, ...row } = recipe
  if (each) return each.map((value) => replace(row, value) as Recipe)
  if (eachJson)
    return eachJson.map((value) => ({
      ...(replace(row, value) as Recipe),
      name: row.name.replace('{}', JSON.stringify(value).slice(0, 60)),
    }))
  return [row]
}

function replace(node: unknown, value: unknown): unknown {
  if (typeof node === 'string') return node === '{}' ? value : typeof value === 'string' ? node.replaceAll('{}', value) : node
  if (Array.isArray(node)) return node.map((item) => replace(item, value))
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node).map(([name, member]) => [typeof value === 'string' ? name.replaceAll('{}', value) : name, replace(member, value)]),
  )
}

// ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type Key = { readonly kid: string; readonly alg: string; readonly jwk: Record<string, unknown>; readonly privateKey: KeyObject }

const made = (
  kid: string,
  alg: string,
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject },
  more: object = {},
): Key => ({
  kid,
  alg,
  privateKey,
  jwk: { ...publicKey.export({ format: 'jwk' }), kid, ...more },
})
const ec = (kid: string, more?: object, namedCurve = 'P-256', alg = 'ES256') =>
  made(kid, alg, generateKeyPairSync('ec', { namedCurve }), more)
const rsa = (kid: string, more?: object, modulusLength = 2048, publicExponent = 65537) =>
  made(kid, 'RS256', generateKeyPairSync('rsa', { modulusLength, publicExponent }), more)

export function makeKeys() {
  const k1 = ec('k1')
  const big = rsa('rsa')
  const agreement = generateKeyPairSync('x25519')
  const secret = { kid: 'oct', alg: 'HS256', jwk: { kty: 'oct', kid: 'oct', k: 'c2VjcmV0' }, privateKey: k1.privateKey }
  const lab: readonly Key[] = [
    k1,
    big,
    ec('p384', {}, 'P-384', 'ES384'),
    ec('p521', {}, 'P-521', 'ES512'),
    made('ed', 'EdDSA', generateKeyPairSync('ed25519')),
    rsa('rsa-1024', {}, 1024),
    rsa('rsa-2040', {}, 2040),
    rsa('rsa-enc', { use: 'enc' }),
    rsa('rsa-ops', { key_ops: ['encrypt'] }),
    rsa('rsa-alg', { alg: 'RS512' }),
    ec('ec-enc', { use: 'enc' }),
    ec('ec-ops', { key_ops: ['deriveKey'] }),
    ec('ec-alg', { alg: 'ES384' }),
    { ...big, kid: 'rsa-e1', jwk: { ...big.jwk, kid: 'rsa-e1', e: 'AQ' } },
    rsa('rsa-e3', {}, 2048, 3),
    secret,
    { kid: 'x25519', alg: 'EdDSA', jwk: { ...agreement.publicKey.export({ format: 'jwk' }), kid: 'x25519' }, privateKey: k1.privateKey },
    { ...k1, kid: 'off-curve', jwk: { ...k1.jwk, kid: 'off-curve', y: k1.jwk.x } },
    { ...k1, kid: 'no-kty', jwk: { ...k1.jwk, kid: 'no-kty', kty: undefined } },
  ]
  const other: readonly Key[] = [ec('other'), ec('k1')]
  return {
    lab,
    other,
    find: (name: string): Key => {
      if (name === 'other') return other[0] as Key
      if (name === 'other-k1') return other[1] as Key
      if (name === 'stranger') return stranger
      if (name === 'removed') return removed
      const found = lab.find(({ kid }) => kid === name)
      if (!found) throw new Error(`no key ${name}`)
      return found
    },
  }
}
const stranger = { ...ec('k1') }
const removed = ec('removed')

// ── Tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export type World = {
  readonly lab: string
  readonly evil: string
  readonly audience: string
  readonly now: () => number
  readonly subject: string
  readonly find: (name: string) => Key
}

export function forge(recipe: Recipe, world: World): string {
  if (recipe.raw !== undefined) return String(fill(recipe.raw, recipe, world))
  const key = world.find(recipe.key ?? 'k1')
  const header = { alg: key.alg, kid: key.kid, typ: 'at+jwt', ...recipe.header }
  const seconds = Math.floor(world.now() / 1000)
  const claims = {
    iss: `$LAB/${recipe.issuer ?? 'lab'}`,
    sub: world.subject,
    aud: world.audience,
    iat: seconds,
    exp: seconds + 600,
    role: 'in',
    ...recipe.claims,
  }
  const text = (given: string | undefined, members: object) =>
    given === undefined ? JSON.stringify(withoutNulls(fill(members, recipe, world))) : String(fill(given, recipe, world, true))
  const payload =
    recipe.payloadHex === undefined ? Buffer.from(text(recipe.payloadText, claims)) : payloadWith(recipe.payloadHex, claims, recipe, world)
  let parts = [Buffer.from(text(recipe.headerText, header)).toString('base64url'), payload.toString('base64url')]
  const alg = String(header.alg)
  parts.push(recipe.signature ?? signatureOf(recipe.sign ?? 'normal', Buffer.from(parts.join('.')), key, alg).toString('base64url'))

  const at = (index: number, change: (part: string) => string) => {
    parts = parts.map((part, position) => (position === index ? change(part) : part))
  }
  if (recipe.inject) at(recipe.inject[0], (part) => `${part.slice(0, 8)}${recipe.inject?.[1]}${part.slice(8)}`)
  if (recipe.spareBits !== undefined) at(recipe.spareBits, withSpareBits)
  if (recipe.standardBase64 !== undefined) at(recipe.standardBase64, (part) => Buffer.from(part, 'base64url').toString('base64'))
  if (recipe.empty !== undefined) at(recipe.empty, () => '')
  if (recipe.recode)
    parts = parts.map((part) =>
      recipe.recode === 'hex' ? Buffer.from(part, 'base64url').toString('hex') : Buffer.from(part).toString('base64url'),
    )
  if (recipe.segments !== undefined) parts = Array.from({ length: recipe.segments }, (_, index) => parts[index] ?? 'AA')
  return `${recipe.prepend ?? ''}${parts.join('.')}${recipe.append ?? ''}`
}

/** A payload that is good but for these bytes, inside a text. */
function payloadWith(hex: string, claims: object, recipe: Recipe, world: World): Buffer {
  const [before = '', after = ''] = JSON.stringify(fill({ ...claims, note: 'HERE' }, recipe, world)).split('HERE')
  return Buffer.concat([Buffer.from(before), Buffer.from(hex, 'hex'), Buffer.from(after)])
}

/** The last character of a segment holds bits that no byte has; another character decodes to the same. */
function withSpareBits(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  // A length that leaves spare bits, if this one does not: then a whole character is one too many.
  return part.length % 4 === 0 ? `${part}A` : part.slice(0, -1) + alphabet[(alphabet.indexOf(part.at(-1) ?? 'A') & ~3) + 1]
}

const withoutNulls = (value: unknown) => Object.fromEntries(Object.entries(value as object).filter(([, member]) => member !== null))

/** `$NAME` and `$NAME(arguments)`. A text that is one placeholder of a number becomes the number. */
export function fill(node: unknown, recipe: Recipe, world: World, asText = false): unknown {
  if (Array.isArray(node)) return node.map((item) => fill(item, recipe, world))
  if (typeof node === 'object' && node !== null)
    return Object.fromEntries(
      Object.entries(node).map(([name, member]) => [String(fill(name, recipe, world)), fill(member, recipe, world)]),
    )
  if (typeof node !== 'string') return node
  const seconds = Math.floor(world.now() / 1000)
  const { host, port } = new URL(world.lab)
  const values: Record<string, () => unknown> = {
    LAB: () => world.lab,
    EVIL: () => world.evil,
    HTTPS_LAB: () => `https://${host}`,
    UPPER_LAB: () => world.lab.toUpperCase(),
    USER_LAB: () => `http://stint@${host}`,
    LOCALHOST_LAB: () => `http://localhost:${port}`,
    DECIMAL_LAB: () => `http://2130706433:${port}`,
    AUD: () => world.audience,
    ISS: () => `${world.lab}/${recipe.issuer ?? 'lab'}`,
    SUB: () => world.subject,
    STRANGER_JWK: () => world.find('stranger').jwk,
  }
  const calls: Record<string, (...given: string[]) => unknown> = {
    NOW: (offset = '0') => seconds + Number(offset),
    NOW_MS: (offset = '0') => (seconds + Number(offset)) * 1000,
    REPEAT: (text = '', count = '0') => text.repeat(Number(count)),
    LIST: (count = '0') => Array.from({ length: Number(count) }, (_, index) => index),
    OBJECT: (count = '0') => Object.fromEntries(Array.from({ length: Number(count) }, (_, index) => [`k${index}`, index])),
  }
  const placeholder = (name: string, given: string | undefined): unknown =>
    given === undefined ? values[name]?.() : calls[name]?.(...given.split(','))
  const whole = /^\$([A-Z_]+)(?:\(([^)]*)\))?$/.exec(node)
  if (whole && !asText) {
    const value = placeholder(whole[1] ?? '', whole[2])
    if (value !== undefined) return value
  }
  return node.replace(/\$([A-Z_]+)(?:\(([^)]*)\))?/g, (found, name: string, given: string | undefined) =>
    String(placeholder(name, given) ?? found),
  )
}

// ── Signatures ───────────────────────────────────────────────────────────────────────────────────────────────────────

const P256_ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
const ED_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
const number32 = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
const toBig = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`)
const littleEndian = (value: bigint): Buffer => Buffer.from(number32(value)).reverse()

function signatureOf(how: string, input: Buffer, key: Key, alg: string): Buffer {
  const [kind = '', detail = ''] = how.split(':')
  if (how === 'normal') return normal(input, key, alg)
  if (kind === 'bytes') return Buffer.alloc(Number(detail), 1)
  if (kind === 'hmac-text') return hmac(alg, Buffer.from(detail), input)
  if (kind === 'hmac') return hmac(alg, publicBytes(key, detail), input)
  if (kind === 'pss') return signBytes('sha256', input, { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })
  if (kind === 'ec') return ecSignature(detail, input, key)
  if (kind === 'rsa') return rsaSignature(detail, input, key)
  if (kind === 'ed') return edSignature(detail, input, key)
  throw new Error(`no signature ${how}`)
}

function normal(input: Buffer, key: Key, alg: string): Buffer {
  const size = /(256|384|512)/.exec(alg)?.[1] ?? '256'
  if (key.privateKey.asymmetricKeyType === 'ed25519') return signBytes(null, input, key.privateKey)
  const options = key.privateKey.asymmetricKeyType === 'ec' ? { key: key.privateKey, dsaEncoding: 'ieee-p1363' as const } : key.privateKey
  return signBytes(`sha${size}`, input, options)
}

const hmac = (alg: string, secret: Buffer, input: Buffer): Buffer =>
  createHmac(`sha${/\d{3}/.exec(alg)?.[0] ?? '256'}`, secret)
    .update(input)
    .digest()

function publicBytes(key: Key, form: string): Buffer {
  if (form === 'jwk') return Buffer.from(JSON.stringify(key.jwk))
  if (form === 'modulus') return Buffer.from(String(key.jwk.n), 'base64url')
  const publicKey = createPublic(key)
  return form === 'pem'
    ? Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }) as string)
    : publicKey.export({ type: 'spki', format: 'der' })
}

const createPublic = (key: Key): KeyObject => createPublicKey(key.privateKey)

function ecSignature(detail: string, input: Buffer, key: Key): Buffer {
  const good = signBytes('sha256', input, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  const [r, s] = [toBig(good.subarray(0, 32)), toBig(good.subarray(32))]
  const of = (a: bigint, b: bigint) => Buffer.concat([number32(a), number32(b)])
  const flipped = (at: number) => Buffer.from(good.map((byte, index) => (index === at ? byte ^ 1 : byte)))
  const forms: Record<string, () => Buffer> = {
    twin: () => of(r, P256_ORDER - s),
    r0s0: () => of(0n, 0n),
    r0: () => of(0n, s),
    s0: () => of(r, 0n),
    rn: () => of(P256_ORDER, s),
    sn: () => of(r, P256_ORDER),
    rnsn: () => of(P256_ORDER, P256_ORDER),
    r1s1: () => of(1n, 1n),
    'r+n': () => of(r + P256_ORDER < 2n ** 256n ? r + P256_ORDER : 2n ** 256n - 1n, s),
    swap: () => of(s, r),
    ff: () => Buffer.alloc(64, 0xff),
    'flip-first': () => flipped(0),
    'flip-last': () => flipped(63),
    'other-message': () =>
      signBytes('sha256', Buffer.concat([input, Buffer.from('x')]), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }),
    der: () => signBytes('sha256', input, { key: key.privateKey, dsaEncoding: 'der' }),
    'der-r0s0': () => Buffer.from('3006020100020100', 'hex'),
    '63': () => good.subarray(0, 63),
    '65': () => Buffer.concat([good, Buffer.from([0])]),
    '32': () => good.subarray(0, 32),
    '128': () => Buffer.concat([good, good]),
    '96': () => Buffer.concat([Buffer.alloc(16), good.subarray(0, 32), Buffer.alloc(16), good.subarray(32)]),
    '1': () => Buffer.from([0]),
    'prefix-zero': () => Buffer.concat([Buffer.from([0]), good]),
    text: () => Buffer.from(good.toString('base64url')),
    hex: () => Buffer.from(good.toString('hex')),
    zeros: () => Buffer.alloc(key.alg === 'ES384' ? 96 : key.alg === 'ES512' ? 132 : 64),
  }
  return (forms[detail] as () => Buffer)()
}

function rsaSignature(detail: string, input: Buffer, key: Key): Buffer {
  const good = signBytes('sha256', input, key.privateKey)
  const size = good.length
  const digest = createHash('sha256').update(input).digest()
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  const flipped = (at: number) => Buffer.from(good.map((byte, index) => (index === at ? byte ^ 1 : byte)))
  const forms: Record<string, () => Buffer> = {
    zeros: () => Buffer.alloc(size),
    one: () => Buffer.concat([Buffer.alloc(size - 1), Buffer.from([1])]),
    ff: () => Buffer.alloc(size, 0xff),
    modulus: () => Buffer.from(String(key.jwk.n), 'base64url'),
    truncated: () => good.subarray(0, size - 1),
    'leading-zero': () => Buffer.concat([Buffer.from([0]), good]),
    'flip-first': () => flipped(0),
    'flip-last': () => flipped(size - 1),
    'other-message': () => signBytes('sha256', Buffer.concat([input, Buffer.from('x')]), key.privateKey),
    sha1: () => signBytes('sha1', input, key.privateKey),
    sha512: () => signBytes('sha512', input, key.privateKey),
    'raw-digest': () => privateEncrypt({ key: key.privateKey, padding: constants.RSA_PKCS1_PADDING }, digest),
    pss: () => signBytes('sha256', input, { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
    em: () =>
      Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(size - 3 - info.length - digest.length, 0xff), Buffer.from([0]), info, digest]),
    // Padding that ends early, and rubbish behind the digest (CVE-2006-4339).
    bleichenbacher: () =>
      privateEncrypt(
        { key: key.privateKey, padding: constants.RSA_NO_PADDING },
        Buffer.concat([
          Buffer.from([0, 1]),
          Buffer.alloc(8, 0xff),
          Buffer.from([0]),
          info,
          digest,
          Buffer.alloc(size - 11 - info.length - digest.length, 7),
        ]),
      ),
  }
  return (forms[detail] as () => Buffer)()
}

function edSignature(detail: string, input: Buffer, key: Key): Buffer {
  if (detail === 'zeros') return Buffer.alloc(64)
  // R is the neutral element and s is 0: holds for a key of small order, if nobody looks.
  if (detail === 'small-order') return Buffer.concat([Buffer.from([1]), Buffer.alloc(63)])
  const good = signBytes(null, input, key.privateKey)
  const s = toBig(Buffer.from(good.subarray(32)).reverse())
  return Buffer.concat([good.subarray(0, 32), littleEndian(s + ED_ORDER)]) // RFC 8032 §5.1.7: s must be below L
}
