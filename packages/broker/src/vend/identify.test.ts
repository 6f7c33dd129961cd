/** From a presented token to a caller: what is refused, in which order, and what its holder learns. */
import type { Issuer } from '@stint/core/config/shape'
import { done, refused } from '@stint/core/outcome'
import { config, NOW, rules } from '@stint/core/testing/fixtures'
import { describe, expect, test } from 'vitest'
import type { IssuerKeys } from '../ports/issuer-keys.ts'
import { bearerOf, identify, type PresentedToken } from './identify.ts'

const people = config().issuers.people as Issuer
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (payload: object = {}, header: object = {}) =>
  [
    encode({ alg: 'ES256', kid: 'k1', ...header }),
    encode({ iss: people.url, sub: 'dana', aud: 'stint', iat: NOW / 1000 - 60, exp: NOW / 1000 + 600, ...payload }),
    'c2ln',
  ].join('.')

type Checked = Awaited<ReturnType<IssuerKeys['check']>>
function identified(
  token: string,
  { use, answer = done(true), change = {} }: { use?: PresentedToken['use']; answer?: Checked; change?: Partial<Issuer> } = {},
) {
  const checked: Issuer[] = []
  const keys = {
    check: async (issuer: Issuer) => {
      checked.push(issuer)
      return answer
    },
  } as unknown as IssuerKeys
  const given = rules()
  const shown = done({ token, ...(use === undefined ? {} : { use }) })
  const broker = { rules: { ...given, issuers: { ...given.issuers, people: { ...people, ...change } } }, keys }
  return identify(broker, shown, NOW).then((found) => ({ found, checked }))
}

describe('a token', () => {
  test('of a trusted issuer identifies its caller', async () => {
    const { found, checked } = await identified(jwt())
    expect(found).toMatchObject({ outcome: 'done', value: { issuer: 'people', issuerKey: 'acme', subject: 'dana' } })
    expect(checked).toMatchObject([{ url: people.url, tokenUse: 'any' }])
  })
  test.each<[string, string, Parameters<typeof identified>[1], object, number]>([
    ['that is malformed', 'x', {}, { code: 'token-invalid', operator: 'token does not have three segments' }, 0],
    ['of an unknown issuer', jwt({ iss: `${people.url}/` }), {}, { code: 'token-invalid', operator: 'unknown issuer' }, 0],
    ['of another algorithm', jwt({}, { alg: 'RS256' }), {}, { code: 'token-invalid', operator: 'algorithm RS256 is not allowed' }, 0],
    [
      'whose keys are unavailable',
      jwt(),
      { answer: { outcome: 'unknown', cause: 'dns' } },
      { code: 'issuer-keys-unavailable', detail: "The keys of issuer 'people' are unavailable.", operator: 'dns' },
      1,
    ],
    [
      'that is forged, and not meant for this broker',
      jwt({ aud: 'other' }),
      { answer: { outcome: 'forged', why: 'no key' } },
      { code: 'token-invalid', operator: 'no key' },
      1,
    ],
    ['of another audience', jwt({ aud: 'other' }), {}, { code: 'token-invalid', operator: expect.stringContaining('aud is "other"') }, 1],
    [
      'presented as one that the issuer does not use',
      jwt({}, { typ: 'at+jwt' }),
      { use: 'id', change: { tokenUse: 'access' } },
      {
        code: 'token-invalid',
        operator: 'it was presented as an id token, and this issuer is configured for access tokens only',
        evidence: { next: 'Send its access token.' },
      },
      1,
    ],
    [
      'presented as an ID token that is an access token',
      jwt({}, { typ: 'at+jwt' }),
      { use: 'id' },
      { code: 'token-invalid', operator: 'an access token where an ID token is required' },
      1,
    ],
    [
      'about a session that Stint issued',
      jwt({ sub: 'arn:aws:iam::111122223333:role/stint/Reader' }),
      {},
      { code: 'token-invalid', operator: "the token is about the role of target 'prod'" },
      1,
    ],
  ])('%s is refused', async (_name, token, options, expected, fetches) => {
    const { found, checked } = await identified(token, options)
    expect(found).toMatchObject({ outcome: 'refused', ...expected })
    expect(checked).toHaveLength(fetches)
  })
  test.each<[string, PresentedToken['use'], Partial<Issuer>, object]>([
    ['as the kind that it is', 'access', {}, { typ: 'at+jwt' }],
    ['as the kind that the issuer uses', 'access', { tokenUse: 'access' }, { typ: 'at+jwt' }],
    ['without its kind', undefined, { tokenUse: 'access' }, { typ: 'at+jwt' }],
  ])('presented %s is accepted', async (_name, use, change, header) => {
    const { found } = await identified(jwt({}, header), { ...(use ? { use } : {}), change })
    expect(found.outcome).toBe('done')
  })
  test('that was not presented is refused as such', async () => {
    const missing = refused('token-missing', 'x')
    expect(await identify({ rules: rules(), keys: {} as never }, missing, NOW)).toBe(missing)
  })
})

describe('the Authorization header', () => {
  test.each([
    ['Bearer a.b.c', 'a.b.c'],
    ['bearer a.b.c', 'a.b.c'],
    ['BEARER   a', 'a'],
  ])('%s has the token %s', (value, token) => expect(bearerOf([value])).toEqual(done({ token })))
  test.each([[], [''], ['Bearer'], ['Bearer '], ['Basic abc'], ['xBearer1 a'], [' Bearer a'], ['Bearer a b'], ['Bearera'], ['a Bearer b']])(
    '%j has none',
    (...values) =>
      expect(bearerOf(values as string[])).toMatchObject({
        code: 'token-missing',
        detail: 'The Authorization header with a bearer token is missing.',
      }),
  )
  test('that is there twice is refused', () =>
    expect(bearerOf(['Bearer a', 'Bearer a'])).toMatchObject({ code: 'token-invalid', operator: 'two Authorization headers' }))
})
