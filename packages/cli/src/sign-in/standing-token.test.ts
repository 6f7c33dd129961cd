import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { entryFor, keptFor } from '../credentials/cache.ts'
import { writePrivate } from '../frame/private-file.ts'
import { identityOf, standingToken } from './standing-token.ts'

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (claims: object) => `${part({ alg: 'RS256' })}.${part(claims)}.c2ln`
const dana = { iss: 'https://idp.example', sub: 'dana', aud: 'stint', groups: ['developers'], iat: 1, nbf: 1, exp: 2, jti: 'a' }

describe('who a token is', () => {
  test.each<[string, object]>([
    ['other times', { ...dana, iat: 5, nbf: 5, exp: 6 }],
    ['another ID', { ...dana, jti: 'b', uti: 'c' }],
    ['another order', Object.fromEntries(Object.entries(dana).toReversed())],
  ])('does not depend on %s', (_name, claims) => expect(identityOf(jwt(claims))).toBe(identityOf(jwt(dana))))
  test.each<[string, object]>([
    ['the subject', { ...dana, sub: 'sam' }],
    ['the issuer', { ...dana, iss: 'https://other.example' }],
    ['the audience', { ...dana, aud: 'other' }],
    ['a group', { ...dana, groups: ['developers', 'oncall'] }],
    ['the environment of a job', { ...dana, environment: 'production' }],
    ['the time of the sign-in, by which authAge judges', { ...dana, auth_time: 1 }],
  ])('depends on %s', (_name, claims) => expect(identityOf(jwt(claims))).not.toBe(identityOf(jwt(dana))))
  test.each([
    ['nothing', ''],
    ['a word', 'garbage'],
    ['three words', 'a.b.c'],
    ['no subject', jwt({ iss: 'x' })],
    ['a list', jwt(['iss', 'sub'])],
    ['null', `a.${part(null)}.c`],
    ['two parts', jwt(dana).split('.').slice(0, 2).join('.')],
  ])('has no identity: %s', (_name, token) => expect(identityOf(token)).toBeUndefined())
})

describe('which token counts', () => {
  const github = { GITHUB_ACTIONS: 'true', ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x' }
  const all = { STINT_TOKEN: 'a', STINT_TOKEN_FILE: '/b', ...github, GITLAB_CI: 'true', STINT_ID_TOKEN: 'c' }
  test.each<[string, object, object, string]>([
    ['--token-file before all', all, { tokenFile: '/x', context: 'c' }, '--token-file'],
    ['--context before the environment', all, { context: 'c' }, 'none'],
    ['$STINT_TOKEN', all, {}, 'STINT_TOKEN'],
    ['$STINT_TOKEN_FILE', { ...all, STINT_TOKEN: '' }, {}, 'STINT_TOKEN_FILE'],
    ['GitHub', github, {}, 'github'],
    ['GitLab', { GITLAB_CI: 'true', STINT_ID_TOKEN: 'c' }, {}, 'GitLab CI (STINT_ID_TOKEN)'],
    ['a person', {}, {}, 'none'],
  ])('%s', (_name, env, flags, expected) => {
    const found = standingToken(env as NodeJS.ProcessEnv, flags)
    expect(found.kind === 'token' ? found.from : found.kind).toBe(expected)
  })
  test.each(['abc def', 'a\nb', 'é', 'a\u00a0b'])('%j cannot be sent, and says why', async (token) => {
    const found = standingToken({ STINT_TOKEN: token }, {})
    await expect(found.kind === 'token' ? found.read() : '').rejects.toThrow(
      '$STINT_TOKEN contains a space or a character that a bearer token must not have.',
    )
  })
})

describe('what is kept for credential-process', () => {
  const home = mkdtempSync(join(tmpdir(), 'stint-standing-'))
  const file = join(home, 'token')
  const base = { HOME: home }
  const words = ['credential-process', 'logs']
  const later = Date.now() + 60_000
  const keep = async (given: readonly string[], token: object | undefined, value: unknown) =>
    writePrivate(
      await entryFor(base, given, token === undefined ? '' : (identityOf(jwt(token)) ?? '')),
      JSON.stringify({ url: 'https://b', renewAtMs: later, value }),
    )
  const found = (given: readonly string[], env: object) => keptFor({ ...base, ...env }, given, Date.now()).catch(() => 'error')

  test.each<[string, string[], object]>([
    ['$STINT_TOKEN_FILE', words, { STINT_TOKEN_FILE: file }],
    ['--token-file', [...words, '--token-file', file], {}],
    ['--token-file=', [...words, `--token-file=${file}`], {}],
    ['--tokenFile', [...words, '--tokenFile', file], {}],
  ])('belongs to the holder of the token in %s, not to the file', async (_name, given, env) => {
    await keep(given, dana, 'Dana’s')
    writeFileSync(file, jwt({ ...dana, exp: 9 }))
    expect(await found(given, env)).toBe('Dana’s')
    for (const other of [jwt({ ...dana, sub: 'sam' }), 'garbage', '']) {
      writeFileSync(file, other)
      expect(await found(given, env)).not.toBe('Dana’s')
    }
    expect(
      await found(
        given.map((word) => word.replace(file, `${file}-gone`)),
        { ...env, STINT_TOKEN_FILE: `${file}-gone` },
      ),
    ).not.toBe('Dana’s')
  })
  test('a token of GitHub must be fetched first', async () => {
    await keep(words, undefined, 'x')
    expect(await found(words, { GITHUB_ACTIONS: 'true', ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x' })).toBeUndefined()
    expect(await found(words, {})).toBe('x')
  })
  test.each([[5], [null], [{ credentials: {} }], [undefined]])('a value in another form is not used: %j', async (value) => {
    await keep([...words, 'odd'], undefined, value)
    expect(await found([...words, 'odd'], {})).toBeUndefined()
  })
})
