/** What a caller is told about a parameter that is refused. Which parameters are refused is in `terms.test.ts`, too. */
import { describe, expect, test } from 'vitest'
import type { Json } from '../json.ts'
import { checkParameters } from './parameters.ts'

const declared = { bucket: { pattern: '[a-z.*?$é\\n-]+', max: 8 } }
const LONG = 'n'.repeat(40)

describe('a refused parameter is named, with what is wrong', () => {
  test.each<[string, { readonly [name: string]: Json }, string, string]>([
    ['an unknown one', { bucket: 'logs', key: 'x' }, 'key', 'is unknown in this profile'],
    ['an unknown name of 40 characters', { [LONG]: 'x' }, LONG, 'is unknown in this profile'],
    ['an unknown name of 41 characters, cut', { [`${LONG}n`]: 'x' }, `${LONG}…`, 'is unknown in this profile'],
    ['none', {}, 'bucket', 'is missing'],
    ['a number', { bucket: 7 }, 'bucket', 'must be a string'],
    ['nine characters', { bucket: 'logs-logs' }, 'bucket', 'is longer than 8 characters'],
    ['a line feed', { bucket: 'a\n' }, 'bucket', 'contains a control character or a character outside Latin-1'],
    ['a character outside Latin-1', { bucket: 'ł' }, 'bucket', 'contains a control character or a character outside Latin-1'],
    ['a dollar sign', { bucket: '$' }, 'bucket', "contains '$', which could start a policy variable"],
    ['a wildcard', { bucket: 'a*' }, 'bucket', "contains '*' or '?', which IAM reads as wildcards"],
    ['another pattern', { bucket: 'LOGS' }, 'bucket', `does not match its pattern ${declared.bucket.pattern}`],
  ])('%s', (_name, given, parameter, fault) =>
    expect(checkParameters(declared, given)).toEqual({
      outcome: 'refused',
      code: 'parameter-invalid',
      detail: `Parameter '${parameter}' ${fault}.`,
      evidence: { parameter },
    }),
  )
})

test.each(['logs-log', 'é', 'a.b'])('%s is accepted', (bucket) =>
  expect(checkParameters(declared, { bucket })).toEqual({ outcome: 'done', value: { bucket } }),
)

test('a pattern that the config check refuses is an error of the broker, not of the caller', () =>
  expect(() => checkParameters({ bucket: { pattern: '(', max: 8 } }, { bucket: 'logs' })).toThrow(
    'a pattern that the config check refuses',
  ))
