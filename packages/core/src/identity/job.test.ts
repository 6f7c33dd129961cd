/** Which token belongs to the job that started a session. */
import { expect, test } from 'vitest'
import type { JsonObject } from '../json.ts'
import { isSameJob, jobOf } from './job.ts'

const issuer = { jobIdentity: ['run_id', '/job/number'] }
const claims = { sub: 'repo', run_id: '7', job: { number: 3 } }

test.each<[string, { jobIdentity?: readonly string[] }, JsonObject, string | undefined]>([
  ['the values of its claims, in order', issuer, claims, '["7",3]'],
  ['null for a claim that is missing', issuer, { run_id: '7' }, '["7",null]'],
  ['undefined where the issuer names no claims', {}, claims, undefined],
])('a job is %s', (_name, from, given, expected) => expect(jobOf(from, { claims: given })).toBe(expected))

test.each<[string, { jobIdentity?: readonly string[] }, JsonObject, string | undefined, boolean]>([
  ['the same run', issuer, claims, '["7",3]', true],
  ['another run', issuer, { ...claims, run_id: '8' }, '["7",3]', false],
  ['a value of another type', issuer, { ...claims, run_id: 7 }, '["7",3]', false],
  ['a token without one of the claims', issuer, { run_id: '7' }, '["7",null]', false],
  ['a token without any of them', issuer, { sub: 'repo' }, '[null,null]', false],
  ['a session of before the issuer named claims', issuer, claims, undefined, false],
  ['a session of when the issuer still named them', {}, claims, '["7",3]', false],
  ['an issuer that names none', {}, claims, undefined, true],
])('%s: %s', (_name, from, given, job, expected) => expect(isSameJob(from, { claims: given }, job)).toBe(expected))
