import { expect, test } from 'vitest'
import { proxyFor } from './proxy.ts'

const proxy = { HTTPS_PROXY: 'http://proxy.example:3128' }
test.each([
  ['no variable means a direct call', 'https://stint.example', {}, undefined],
  ['HTTPS_PROXY serves https', 'https://stint.example', proxy, 'http://proxy.example:3128/'],
  ['the lower-case name wins', 'https://stint.example', { ...proxy, https_proxy: 'http://low.example' }, 'http://low.example/'],
  ['HTTPS_PROXY does not serve http', 'http://stint.example', proxy, undefined],
  ['HTTP_PROXY serves http', 'http://stint.example', { HTTP_PROXY: 'proxy.example:80' }, 'http://proxy.example/'],
  ['ALL_PROXY serves both', 'https://stint.example', { ALL_PROXY: 'http://all.example' }, 'http://all.example/'],
  ['loopback is never proxied', 'http://127.0.0.1:4400', { HTTP_PROXY: 'http://proxy.example' }, undefined],
  ['localhost is never proxied', 'http://localhost:4400', { HTTP_PROXY: 'http://proxy.example' }, undefined],
  ['NO_PROXY=* excludes all', 'https://stint.example', { ...proxy, NO_PROXY: '*' }, undefined],
  ['NO_PROXY excludes a host', 'https://stint.example', { ...proxy, NO_PROXY: 'other, stint.example' }, undefined],
  ['NO_PROXY excludes subdomains', 'https://a.stint.example', { ...proxy, NO_PROXY: 'stint.example' }, undefined],
  ['NO_PROXY takes a leading dot', 'https://a.stint.example', { ...proxy, NO_PROXY: '.stint.example' }, undefined],
  ['NO_PROXY compares whole labels', 'https://evilstint.example', { ...proxy, NO_PROXY: 'stint.example' }, 'http://proxy.example:3128/'],
  ['NO_PROXY with another port', 'https://stint.example', { ...proxy, NO_PROXY: 'stint.example:8443' }, 'http://proxy.example:3128/'],
  ['NO_PROXY with the same port', 'https://stint.example', { ...proxy, NO_PROXY: 'stint.example:443' }, undefined],
])('%s', (_title, url, env, expected) => {
  expect(proxyFor(new URL(url), env)?.url.href).toBe(expected)
})

test('sends the user of the proxy as basic authorization', () => {
  const { authorization } = proxyFor(new URL('https://stint.example'), { HTTPS_PROXY: 'http://me:p%40ss@proxy.example' }) ?? {}
  expect(authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
})
test('refuses a proxy that is not HTTP', () => {
  expect(() => proxyFor(new URL('https://stint.example'), { HTTPS_PROXY: 'socks5://proxy.example' })).toThrow(/Unsupported proxy/)
})
