import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../json.ts'
import { refuseOwnSession } from './own-session.ts'

const targets = {
  prod: { roleArn: 'arn:aws:iam::111122223333:role/stint/Reader' },
  gov: { roleArn: 'arn:aws-us-gov:iam::444455556666:role/Deploy' },
}
const rules = { targets, issuers: { people: { key: 'acme' }, ci: { key: 'gh' } } }
const about = (sub: string, aws: JsonObject = {}): JsonObject => ({ sub, 'https://sts.amazonaws.com/': { aws_account: '1', ...aws } })
const runner = 'arn:aws:iam::111122223333:role/ci/Runner'

describe('a token about a session that Stint issued is refused', () => {
  test.each<[string, JsonObject]>([
    ['the role of a target', about('arn:aws:iam::111122223333:role/stint/Reader')],
    ['one in another partition', about('arn:aws-us-gov:iam::444455556666:role/Deploy')],
    ['without the claim that holds AWS’s own', { sub: 'arn:aws:iam::111122223333:role/stint/Reader' }],
    ['without its path', about('arn:aws:iam::111122223333:role/Reader')],
    ['in other letters', about('arn:aws:iam::111122223333:role/stint/reader')],
    ['by a session of it', about('arn:aws:sts::111122223333:assumed-role/Reader/dana-req_1')],
    ['as the principal only', about('someone', { principal_id: 'arn:aws:sts::111122223333:assumed-role/Reader/dana-req_1' })],
    ['the session tag', about(runner, { principal_tags: { 'stint:session': 'req_1.a' } })],
    ['the session tag in other letters', about(runner, { principal_tags: { team: 'x', 'Stint:Session': '' } })],
    ['the session tag among those of the request', about(runner, { request_tags: { 'stint:session': 'x' } })],
    ['a source identity of a person, after role chaining', about(runner, { source_identity: 'acme.dana' })],
    ['a source identity of a workload, after role chaining', about(runner, { source_identity: 'gh.repo-1' })],
    ['the session tag in a claim that is not known yet', about(runner, { session_tags: { 'stint:session': 'x' } })],
  ])('%s', (_name, claims) => {
    const refused = refuseOwnSession(rules, claims)
    expect(refused).toMatchObject({ outcome: 'refused', code: 'token-invalid' })
    expect(refused?.operator).toMatch(
      /^the token is about (a session that Stint issued|a session obtained from a Stint session|the role of target '(prod|gov)')/,
    )
  })
})

describe('other tokens are not', () => {
  test.each<[string, JsonObject]>([
    ['text before the ARN', about(`x arn:aws:iam::111122223333:role/Reader`)],
    ['a line after the ARN', about('arn:aws:iam::111122223333:role/Reader\n/x')],
    ['a slash after the ARN', about('arn:aws:iam::111122223333:role/Reader/')],
    ['text before the ARN of a session', about('x arn:aws:sts::111122223333:assumed-role/Reader/dana')],
    ['a path after a session', about('arn:aws:sts::111122223333:assumed-role/Reader/dana/x')],
    ['another role of the account', about(runner, { principal_tags: { team: 'ci' } })],
    ['a role of that name in another account', about('arn:aws:iam::999988887777:role/stint/Reader')],
    ['a role that begins alike', about('arn:aws:iam::111122223333:role/stint/Reader2')],
    ['a user of that name', about('arn:aws:iam::111122223333:user/Reader')],
    ['a session name like the role', about('arn:aws:sts::111122223333:assumed-role/Runner/Reader')],
    ['a tag of that value', about(runner, { principal_tags: { kind: 'stint:session' } })],
    ['a source identity of another issuer', about(runner, { source_identity: 'acmeco.dana' })],
    ['a source identity that only holds a key', about(runner, { source_identity: 'dana.acme.' })],
    ['a source identity that is not a string', about(runner, { source_identity: 7 })],
    ['a person', { sub: 'dana', groups: ['developers'] }],
    ['a claim of AWS that is a list', { sub: 'dana', 'https://sts.amazonaws.com/': ['stint:session'] }],
    ['tags that are a string', about(runner, { principal_tags: 'stint:session' })],
    ['no subject', {}],
  ])('%s', (_name, claims) => expect(refuseOwnSession(rules, claims)).toBeUndefined())
  test('a token of no role, where a target has no valid role', () =>
    expect(refuseOwnSession({ targets: { odd: { roleArn: 'odd' } }, issuers: {} }, { sub: 'dana' })).toBeUndefined())
  test('a token of a role, where a target has no valid role', () =>
    expect(refuseOwnSession({ targets: { odd: { roleArn: 'odd' } }, issuers: {} }, about(runner))).toBeUndefined())
  test('a token without a source identity, where the key of an issuer is a single letter', () =>
    expect(refuseOwnSession({ targets, issuers: { s: { key: 'S' } } }, about(runner))).toBeUndefined())
})
