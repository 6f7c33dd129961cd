/** The directory: only one active user with exactly the subject counts. Any other response means no user or no response. */
import type { Rules } from '@stint/core/config/shape'
import { describe, expect, test } from 'vitest'
import { scimDirectory } from './scim.ts'

const rulesWith = (groupsClaim: string, groups?: 'value' | 'display') =>
  ({
    issuers: { people: { groupsClaim } },
    directories: { people: { scim: 'https://dir.example/scim/v2', by: 'externalId', ...(groups ? { groups } : {}) } },
  }) as unknown as Rules
const dana = {
  id: '1',
  externalId: 'da"na',
  active: true,
  groups: [
    { value: 'g1', display: 'Developers' },
    { value: 'g2', display: 'On call' },
  ],
}
const schemas = ['urn:ietf:params:scim:api:messages:2.0:ListResponse']
const listOf = (...Resources: unknown[]) => ({ schemas, totalResults: Resources.length, Resources })

async function asked(body: unknown, rules = rulesWith('groups'), subject = 'da"na') {
  const urls: string[] = []
  const directory = scimDirectory({
    rules,
    tokens: { people: 'secret' },
    get: async (url, { headers } = {}) => {
      urls.push(`${url} ${headers?.authorization}`)
      if (body instanceof Error) throw body
      return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    },
  })
  return { urls, answer: await directory.claimsOf('people', subject) }
}

describe('a directory', () => {
  test('is asked by a filter in which a subject stays a value', async () => {
    const { urls } = await asked(listOf(dana))
    expect(urls).toEqual([
      `https://dir.example/scim/v2/Users?${new URLSearchParams({ filter: 'externalId eq "da\\"na"', count: '2' })} Bearer secret`,
    ])
  })
  test.each<[string, unknown, unknown]>([
    ['the user', listOf(dana), { outcome: 'done', value: { groups: ['g1', 'g2'] } }],
    ['nobody', listOf(), { outcome: 'done', value: undefined }],
    ['no user, and no list at all', { schemas, totalResults: 0 }, { outcome: 'done', value: undefined }],
    ['a user who is inactive', listOf({ ...dana, active: false }), { outcome: 'done', value: undefined }],
    ['a user without an active flag', listOf({ ...dana, active: undefined }), { outcome: 'done', value: undefined }],
    ['a user with a string as active flag', listOf({ ...dana, active: 'true' }), { outcome: 'done', value: undefined }],
    ['another user', listOf({ ...dana, externalId: 'dana' }), { outcome: 'done', value: undefined }],
    ['a user in another case', listOf({ ...dana, externalId: 'Da"na' }), { outcome: 'done', value: undefined }],
    ['two', listOf(dana, dana), { outcome: 'unknown' }],
    ['all users, because it ignores filters', listOf(dana, { ...dana, externalId: 'x' }), { outcome: 'unknown' }],
    ['no list', { schemas, totalResults: 1, Resources: dana }, { outcome: 'unknown' }],
    ['an empty object', {}, { outcome: 'unknown' }],
    ['a list', [dana], { outcome: 'unknown' }],
    ['null', 'null', { outcome: 'unknown' }],
    ['a list of no kind', { ...listOf(dana), schemas: undefined }, { outcome: 'unknown' }],
    ['a user in the place of a list', { ...listOf(dana), schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'] }, { outcome: 'unknown' }],
    ['a kind in a string', { ...listOf(dana), schemas: schemas[0] }, { outcome: 'unknown' }],
    ['one of two users', { ...listOf(dana), totalResults: 2 }, { outcome: 'unknown' }],
    ['a user beyond its total', { ...listOf(dana), totalResults: 0 }, { outcome: 'unknown' }],
    ['no total', { ...listOf(dana), totalResults: undefined }, { outcome: 'unknown' }],
    ['a total in a string', { ...listOf(dana), totalResults: '1' }, { outcome: 'unknown' }],
    ['an empty list and a total', { ...listOf(), totalResults: 1 }, { outcome: 'unknown' }],
    ['no list and a total', { schemas, totalResults: 1 }, { outcome: 'unknown' }],
    ['a user that is null', listOf(null), { outcome: 'unknown' }],
    ['a user in a string', listOf('da"na'), { outcome: 'unknown' }],
    [
      'an attribute twice',
      `{"schemas":${JSON.stringify(schemas)},"totalResults":1,"totalResults":1,"Resources":[]}`,
      { outcome: 'unknown' },
    ],
    ['half of it', JSON.stringify(listOf(dana)).slice(0, -2), { outcome: 'unknown' }],
    ['a group without letters', listOf({ ...dana, groups: [{ value: '' }] }), { outcome: 'unknown' }],
    ['groups in another type', listOf({ ...dana, groups: 'g1' }), { outcome: 'unknown' }],
    ['groups that are null, as if left out', listOf({ ...dana, groups: null }), { outcome: 'done', value: {} }],
    ['a subject in a list', listOf({ ...dana, externalId: ['da"na'] }), { outcome: 'done', value: undefined }],
    ['a page', '<html>', { outcome: 'unknown' }],
    ['nothing', new Error('did not answer in time'), { outcome: 'unknown' }],
    ['no group', listOf({ ...dana, groups: [] }), { outcome: 'done', value: { groups: [] } }],
    ['a group without a name', listOf({ ...dana, groups: [{ value: 'g1' }, { display: 'No id' }] }), { outcome: 'unknown' }],
    ['a group that is none', listOf({ ...dana, groups: [{ value: 'g1' }, 'odd'] }), { outcome: 'unknown' }],
  ])('answers with %s', async (_name, body, expected) => expect((await asked(body)).answer).toMatchObject(expected as object))
  test('makes no claim about omitted groups', async () => {
    expect((await asked(listOf({ ...dana, groups: undefined }))).answer).toEqual({ outcome: 'done', value: {} })
  })
  test('by name, and with a nested claim', async () => {
    expect((await asked(listOf(dana), rulesWith('/realm_access/ro~1les', 'display'))).answer).toEqual({
      outcome: 'done',
      value: { realm_access: { 'ro/les': ['Developers', 'On call'] } },
    })
  })
  test('of another issuer is not asked', async () => {
    const directory = scimDirectory({ rules: rulesWith('groups'), tokens: {}, get: () => Promise.reject(new Error('asked')) })
    expect(await directory.claimsOf('people', 'x')).toEqual({ outcome: 'done', value: undefined })
    expect(await directory.claimsOf('others', 'x')).toEqual({ outcome: 'done', value: undefined })
  })
})
