/** The helpers of `stint.config.ts`: each builds plain data. */
import { expect, test } from 'vitest'
import { type Cases, defineCases } from './cases.ts'
import { all, any, binding, cidr, claim, constant, defineConfig, glob, includes, not, oneOf, param, text } from './define.ts'
import type { ConfigSource } from './shape.ts'

test.each<[unknown, unknown]>([
  [binding('URL'), { binding: 'URL' }],
  [binding('URL', 'https://acme.example'), { binding: 'URL', default: 'https://acme.example' }],
  [includes('dev'), { includes: 'dev' }],
  [oneOf('a', 7), { oneOf: ['a', 7] }],
  [glob('refs/*'), { glob: 'refs/*' }],
  [cidr('10.0.0.0/8'), { cidr: ['10.0.0.0/8'] }],
  [not('a'), { not: 'a' }],
  [all('a', not('b')), { all: ['a', { not: 'b' }] }],
  [any('a', 'b'), { any: ['a', 'b'] }],
  [claim('sub'), { claim: 'sub' }],
  [constant('x'), { const: 'x' }],
  [param('bucket'), { param: 'bucket' }],
  [text`arn:aws:s3:::${param('bucket')}/*`, { join: ['arn:aws:s3:::', { param: 'bucket' }, '/*'] }],
  [text`${param('a')}${param('b')}`, { join: [{ param: 'a' }, { param: 'b' }] }],
])('%j is %j', (made, expected) => expect(made).toStrictEqual(expected))

test('defineConfig and defineCases return what they are given', () => {
  const [config, cases] = [{} as ConfigSource, {} as Cases]
  expect([defineConfig(config), defineCases(cases)]).toEqual([config, cases])
})
