/**
 * What containment judges as contained must never allow, in the evaluation, what its container does not: a caller may narrow a session
 * only by it. Random pairs of statements, most of them one tightened into the other, with incomplete and odd ARNs, variables, and both
 * versions of the language; each pair that is judged contained is tried with requests made from its own patterns.
 *
 * `STINT_PAIRS` and `STINT_SEED` make a campaign of it (`npm run verify:all containment`).
 */
import { contains, evaluate, type Statement } from '@stint/iam'
import { completeArn } from '@stint/iam/arn-pattern'
import { expect, test } from 'vitest'
import { randomFrom } from './generate.ts'

const PAIRS = Number(process.env.STINT_PAIRS ?? 60_000)
const seeds = process.env.STINT_SEED ? [Number(process.env.STINT_SEED)] : [1, 2, 3]
const ACCOUNT = '111122223333'

const actions = [
  's3:GetObject',
  's3:Get*',
  's3:?etObject',
  'S3:getobject',
  's3:*',
  's3:*Object',
  '*',
  's3:PutObject',
  'iam:*',
  'iam:PassRole',
  's3:**',
  '?3:*',
]
const asked = ['s3:GetObject', 's3:PutObject', 's3:GetBucketAcl', 'iam:PassRole', 'sqs:SendMessage']
const patterns = [
  '*',
  'arn:aws:s3:::*',
  'arn:aws:s3:::b',
  'arn:aws:s3:::b/*',
  'arn:aws:s3:::b/k',
  'arn:aws:s3:::b/?',
  'arn:aws:s3:::b*',
  'arn:aws:s3:::*/k',
  'arn:*:s3:::b/*',
  'arn:aws:s3:*:*:*',
  `arn:aws:sqs:*:${ACCOUNT}:q*`,
  `arn:aws:sqs:eu-*:${ACCOUNT}:*`,
  `arn:aws:sqs:eu-central-1:${ACCOUNT}:q`,
  `arn:aws:logs:*:${ACCOUNT}:log-group:*:log-stream:?`,
  `arn:aws:iam::${ACCOUNT}:role/*`,
  // Incomplete: AWS completes them.
  'arn:aws:s3',
  'arn:aws:s3:*',
  'arn:aws:s3::',
  'arn:aws:s3:::',
  `arn:aws:sqs:*:${ACCOUNT}`,
  'arn:aws:sqs',
  'arn:aws:logs:*:log-group:*',
  // Odd.
  'arn:aws:*:::b/k',
  'arn:aws:s3*:::b/k',
  'arn:aws:s?:::b/*',
  'arn:*',
  'arn:aws',
  'arn:',
  '**',
  '?',
  'b/k',
  '',
  'arn:aws:s3:::b/${aws:userid}',
  'arn:aws:s3:::b/AROAX:dana',
  'arn:aws:s3:::${*}',
  "arn:aws:s3:::b/${aws:PrincipalTag/team, '*'}",
  'arn:aws:s3:::b/$',
  'ARN:aws:s3:::b/k',
  'arn:aws:s3:::b/é',
  'arn:aws:s3:::b/🚀',
]
const resources = [
  'arn:aws:s3:::b',
  'arn:aws:s3:::b/k',
  'arn:aws:s3:::b/long/k',
  'arn:aws:s3:::c/k',
  'arn:aws-cn:s3:::b/k',
  `arn:aws:sqs:eu-central-1:${ACCOUNT}:q`,
  `arn:aws:sqs:us-east-1:${ACCOUNT}:q:r`,
  `arn:aws:logs:eu-central-1:${ACCOUNT}:log-group:a:log-stream:b`,
  `arn:aws:iam::${ACCOUNT}:role/r`,
  'arn:aws:s3:::b/AROAX:dana',
  'arn:aws:s3:::b/*',
  'arn:aws:s3:::b/${aws:userid}',
  'arn:aws:s3:::b/é',
  'arn:aws:s3:::b/🚀',
  'arn:aws:s3:::',
  'arn:aws:s3',
  'arn:aws:s3:*',
  'arn:aws:s3:eu:1:b:c',
  '*',
  '',
]
const conditions: readonly Statement['conditions'][] = [
  {},
  { StringEquals: { 'aws:k': ['a'] } },
  { StringEquals: { 'aws:k': ['a', 'b'] } },
  { StringEquals: { 'AWS:K': ['b'] } },
  { StringNotEquals: { 'aws:k': ['a'] } },
  { StringNotEquals: { 'aws:k': ['a', 'b'] } },
  { StringLikeIfExists: { 'aws:k': ['a*'] } },
  { StringEquals: { 'aws:k': ['${aws:l}'] } },
  { StringNotEquals: { 'aws:k': ['${aws:l}', 'a'] } },
  { 'ForAllValues:StringEquals': { 'aws:k': ['a', 'b'] } },
  { 'ForAnyValue:StringEquals': { 'aws:k': ['a'] } },
  { Null: { 'aws:k': ['true'] } },
  { Bool: { 'aws:k': ['true', 'false'] }, StringEquals: { 'aws:l': ['a'] } },
  { NumericLessThan: { 'aws:k': ['5', '7'] } },
  { IpAddress: { 'aws:k': ['10.0.0.0/8'] }, StringEquals: { 'aws:k': ['a'] } },
]
const values: readonly (string | string[] | undefined)[] = [
  undefined,
  'a',
  'b',
  'ab',
  '${aws:l}',
  'true',
  '4',
  '10.1.2.3',
  ['a', 'b'],
  ['a', 'c'],
  [],
]

type Random = ReturnType<typeof randomFrom>

function statement(random: Random): Statement {
  return {
    effect: 'Allow',
    actions: { not: random.chance(0.2), names: random.some(actions, 3) },
    resources: { not: random.chance(0.25), names: random.some(patterns, 3) },
    conditions: random.pick(conditions),
    variables: random.chance(0.7),
  }
}

/** Some of its parts are kept, some tightened, some replaced. */
function tightened(wide: Statement, random: Random): Statement {
  const other = statement(random)
  const list = (names: readonly string[], not: boolean, more: readonly string[]) =>
    not ? [...names, ...random.some(more)] : names.map((name) => (random.chance(0.6) ? name : narrowed(name, random)))
  const { actions: acts, resources: where = { not: false, names: ['*'] } } = wide
  return {
    effect: 'Allow',
    actions: random.chance(0.8) ? { not: acts.not, names: list(acts.names, acts.not, actions) } : other.actions,
    resources: random.chance(0.8)
      ? { not: where.not, names: list(where.names, where.not, patterns) }
      : (other.resources as Statement['actions']),
    conditions: random.chance(0.6) ? wide.conditions : random.chance(0.5) ? { ...wide.conditions, ...other.conditions } : other.conditions,
    variables: random.chance(0.8) ? wide.variables : other.variables,
  }
}

const fillers = ['', 'a', 'b/k', ':', '*', '?', 'x:y', 'GetObject', '🚀', 'AROAX:dana']
const narrowed = (pattern: string, random: Random) => pattern.replace(/[*?]/g, () => (random.chance(0.5) ? '*' : random.pick(fillers)))
/** A text that the pattern is likely to match. */
const instance = (pattern: string, random: Random) => pattern.replace(/[*?]/g, () => random.pick(fillers))

const completed = (one: Statement): Statement =>
  one.resources ? { ...one, resources: { ...one.resources, names: one.resources.names.map(completeArn) } } : one

function allows(
  one: Statement,
  request: { readonly action: string; readonly arn: string; readonly k: (typeof values)[number]; readonly l: string | undefined },
) {
  return evaluate({
    principal: { arn: `arn:aws:iam::${ACCOUNT}:user/u`, account: ACCOUNT },
    action: request.action,
    resource: { arn: request.arn, account: ACCOUNT },
    context: { 'aws:k': request.k, 'aws:l': request.l, 'aws:userid': 'AROAX:dana' },
    identity: [{ statements: [one] }],
  }).allowed
}

test.each(seeds)(
  'what is contained allows nothing that its container does not (seed %i)',
  (seed) => {
    const random = randomFrom(seed)
    let contained = 0
    let allowed = 0
    for (let pair = 0; pair < PAIRS; pair++) {
      const wide = statement(random)
      const narrow = random.chance(0.85) ? tightened(wide, random) : statement(random)
      if (!contains(wide, narrow)) continue
      contained++
      for (let tries = 0; tries < 6; tries++) {
        const names = [...(narrow.resources?.names ?? []), ...(wide.resources?.names ?? [])]
        const request = {
          action: random.chance(0.5) ? random.pick(asked) : instance(random.pick(narrow.actions.names), random),
          arn: random.chance(0.5) ? random.pick(resources) : instance(random.pick(names), random),
          k: random.pick(values),
          l: random.pick([undefined, 'a', 'b']),
        }
        // As written, and as AWS completes it.
        for (const form of [(one: Statement) => one, completed]) {
          if (!allows(form(narrow), request)) continue
          allowed++
          if (!allows(form(wide), request)) expect({ seed, pair, wide, narrow, request }).toBe('contained')
        }
      }
    }
    // The pairs must be worth something: many contained, and many requests that the narrow side allows.
    expect(contained).toBeGreaterThan(PAIRS / 30)
    expect(allowed).toBeGreaterThan(PAIRS / 30)
  },
  1_800_000,
)
