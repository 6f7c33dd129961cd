/** The policy of a role over Stint's own wire: what each answer of IAM means, and which answers are not taken for one. */
import { describe, expect, test } from 'vitest'
import { rolePolicy } from './iam.ts'

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/'
const DOCUMENT = '{"Version":"2012-10-17","Statement":[]}'
const put = (namespace = NAMESPACE) =>
  `<PutRolePolicyResponse xmlns="${namespace}"><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PutRolePolicyResponse>`
const got = ({ role = 'Deploy', policy = 'stint-end', document = encodeURIComponent(DOCUMENT) } = {}) =>
  `<GetRolePolicyResponse xmlns="${NAMESPACE}"><GetRolePolicyResult><RoleName>${role}</RoleName><PolicyName>${policy}</PolicyName><PolicyDocument>${document}</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>`
const error = (code: string, namespace = NAMESPACE) =>
  `<ErrorResponse xmlns="${namespace}"><Error><Type>Sender</Type><Code>${code}</Code><Message>No.</Message></Error><RequestId>r</RequestId></ErrorResponse>`

function answering(status: number, body: string | Error) {
  const sent: string[] = []
  const post = async (_headers: object, form: string) => {
    sent.push(form)
    if (body instanceof Error) throw body
    return { status, headers: {}, body }
  }
  return { policy: rolePolicy({ post }, 'Deploy'), sent }
}

test('sends the role, the name of the policy and the document', async () => {
  const { policy, sent } = answering(200, put())
  expect(await policy.put('{"a":"*"}')).toEqual({ outcome: 'done', value: true })
  expect(sent).toEqual([
    'Action=PutRolePolicy&Version=2010-05-08&RoleName=Deploy&PolicyName=stint-end&PolicyDocument=%7B%22a%22%3A%22%2A%22%7D',
  ])
})

describe('what IAM refuses did not happen', () => {
  test.each([
    ['Throttling', 400, 'throttled'],
    ['ConcurrentModification', 409, 'throttled'],
    ['EntityTemporarilyUnmodifiable', 409, 'throttled'],
    ['AccessDenied', 403, 'denied'],
    ['LimitExceeded', 409, 'full'],
    ['NoSuchEntity', 404, 'gone'],
    ['MalformedPolicyDocument', 400, 'invalid'],
  ])('%s', async (code, status, reason) => {
    expect(await answering(status, error(code)).policy.put(DOCUMENT)).toMatchObject({ outcome: 'refused', reason })
  })
})

describe('a write is unknown after', () => {
  test.each<[string, number, string | Error]>([
    ['no answer', 0, new Error('no complete response within 5000 ms')],
    ['a fault of IAM', 500, error('ServiceFailure')],
    ['a known code with the status of a fault', 503, error('Throttling')],
    ['a code that IAM does not document', 400, error('Moon')],
    ['a page of a gateway', 200, '<html></html>'],
    ['an error in the name of another service', 400, error('Throttling', 'https://sts.amazonaws.com/doc/2011-06-15/')],
    ['an answer in the name of another service', 200, put('https://sts.amazonaws.com/doc/2011-06-15/')],
    ['an answer to another call', 200, got()],
    ['an empty body', 200, ''],
  ])('%s', async (_title, status, body) => {
    expect(await answering(status, body).policy.put(DOCUMENT)).toMatchObject({ outcome: 'unknown' })
  })
})

describe('a read', () => {
  test('returns the document', async () => {
    expect(await answering(200, got()).policy.get()).toEqual({ outcome: 'done', value: DOCUMENT })
  })
  test('returns nothing if there is no such policy', async () => {
    expect(await answering(404, error('NoSuchEntity')).policy.get()).toEqual({ outcome: 'done', value: undefined })
  })
  test.each([
    ['another role', got({ role: 'Admin' })],
    ['another policy', got({ policy: 'other' })],
    ['a document that cannot be decoded', got({ document: '%zz' })],
    ['two documents', got().replace('<PolicyDocument>', '<PolicyDocument>a</PolicyDocument><PolicyDocument>')],
  ])('is unknown with %s', async (_title, body) => {
    expect(await answering(200, body).policy.get()).toMatchObject({ outcome: 'unknown' })
  })
})
