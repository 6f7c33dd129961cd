/**
 * Random policies and requests, biased so that they often nearly match: three buckets, few keys, few values, every
 * condition operator. The same seed gives the same cases.
 */
import type { PolicyJson, StatementJson } from '@stint/iam'

export type Case = {
  readonly principal: { readonly arn: string; readonly account: string; readonly roleArn?: string }
  readonly action: string
  readonly resource: { readonly arn: string; readonly account: string }
  readonly context: Record<string, string | string[]>
  readonly identity: readonly PolicyJson[]
  readonly session?: PolicyJson
  readonly boundary?: PolicyJson
  readonly resourcePolicy?: PolicyJson
}

/** mulberry32: small, fast, and the same everywhere. */
export function randomFrom(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T
  const some = <T>(list: readonly T[], most = 2): T[] => Array.from({ length: 1 + Math.floor(next() * most) }, () => pick(list))
  return { next, pick, some, chance: (odds: number) => next() < odds }
}
type Random = ReturnType<typeof randomFrom>

const HOME = '111122223333'
const AWAY = '444455556666'

const actions = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:GetObjectTagging']
const actionPatterns = [
  's3:GetObject',
  's3:Get*',
  's3:*Object',
  's3:?etObject',
  'S3:getobject',
  's3:*',
  '*',
  's3:PutObject',
  's3:DeleteObject',
  'sts:*',
  's3:GetObject*',
]
const resources = [
  'arn:aws:s3:::alpha/logs/1.txt',
  'arn:aws:s3:::alpha/team-red/x',
  'arn:aws:s3:::beta/logs/1.txt',
  'arn:aws:s3:::alpha-2/logs/2.txt',
  'arn:aws:s3:::beta/a:b:c',
]
const resourcePatterns = [
  '*',
  'arn:aws:s3:::alpha/*',
  'arn:aws:s3:::alpha*',
  'arn:aws:s3:::*/logs/*',
  'arn:aws:s3:::beta/logs/?.txt',
  'arn:aws:s3:::alpha/logs/1.txt',
  'arn:aws:s3:::alpha/*/x',
  'arn:aws:s3:::beta/*',
  'arn:aws:s3:::alpha/${aws:PrincipalTag/team}/*',
  "arn:aws:s3:::alpha/${aws:PrincipalTag/team, 'team-red'}/*",
  'arn:aws:s3:::${aws:PrincipalTag/none}/*',
  'arn:aws:s3:::beta/a:b:?',
]
const values: Record<string, readonly (string | string[])[]> = {
  'aws:PrincipalTag/team': ['team-red', 'team-blue', 'Team-Red', '*'],
  'aws:SourceIdentity': ['acme.dana', 'acme.sam', 'gh.web'],
  'aws:SourceIp': ['203.0.113.7', '198.51.100.9', '2001:db8::7'],
  'aws:CurrentTime': ['2026-01-02T03:04:05Z', '2026-06-01T00:00:00Z'],
  'aws:MultiFactorAuthAge': ['10', '600', '3600'],
  'aws:MultiFactorAuthPresent': ['true', 'false'],
  'aws:SecureTransport': ['true', 'false'],
  'aws:PrincipalArn': [`arn:aws:iam::${HOME}:role/Reader`, `arn:aws:iam::${HOME}:role/stint/Admin`, `arn:aws:iam::${AWAY}:role/Reader`],
  'aws:TagKeys': [['team'], ['team', 'cost'], ['cost', 'secret'], []],
}
const conditions: readonly {
  readonly operators: readonly string[]
  readonly keys: readonly string[]
  readonly wanted: readonly string[]
}[] = [
  {
    operators: ['StringEquals', 'StringNotEquals', 'StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', 'StringLike', 'StringNotLike'],
    keys: ['aws:PrincipalTag/team', 'aws:SourceIdentity', 'AWS:principaltag/TEAM'],
    wanted: [
      'team-red',
      'TEAM-RED',
      'team-*',
      'acme.*',
      'acme.dana',
      '*',
      'team-?ed',
      '${aws:SourceIdentity}',
      '${*}',
      "${aws:PrincipalTag/absent, 'team-red'}",
    ],
  },
  {
    operators: ['IpAddress', 'NotIpAddress'],
    keys: ['aws:SourceIp'],
    wanted: ['203.0.113.0/24', '198.51.100.9', '2001:db8::/32', '203.0.113.7/32'],
  },
  {
    operators: ['DateEquals', 'DateNotEquals', 'DateLessThan', 'DateLessThanEquals', 'DateGreaterThan', 'DateGreaterThanEquals'],
    keys: ['aws:CurrentTime'],
    wanted: ['2026-01-02T03:04:05Z', '2026-03-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  },
  {
    operators: [
      'NumericEquals',
      'NumericNotEquals',
      'NumericLessThan',
      'NumericLessThanEquals',
      'NumericGreaterThan',
      'NumericGreaterThanEquals',
    ],
    keys: ['aws:MultiFactorAuthAge'],
    wanted: ['10', '600', '1000'],
  },
  { operators: ['Bool'], keys: ['aws:MultiFactorAuthPresent', 'aws:SecureTransport'], wanted: ['true', 'false'] },
  {
    operators: ['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'],
    keys: ['aws:PrincipalArn'],
    wanted: [
      `arn:aws:iam::${HOME}:role/Reader`,
      `arn:aws:iam::${HOME}:role/*`,
      'arn:aws:iam::*:role/Reader',
      `arn:aws:iam::${HOME}:role/stint/*`,
    ],
  },
  {
    operators: ['Null'],
    keys: ['aws:PrincipalTag/team', 'aws:MultiFactorAuthAge', 'aws:SourceIdentity', 'aws:TagKeys'],
    wanted: ['true', 'false'],
  },
  {
    operators: [
      'ForAllValues:StringEquals',
      'ForAnyValue:StringEquals',
      'ForAllValues:StringLike',
      'ForAnyValue:StringLike',
      'ForAllValues:StringNotEquals',
      'ForAnyValue:StringNotEquals',
      'ForAllValues:StringNotLike',
      'ForAnyValue:StringNotLike',
    ],
    keys: ['aws:TagKeys'],
    wanted: ['team', 'cost', 'te*', '*', 'other'],
  },
]
/** AWS's policy validator knows no IfExists for Null; all others take it. */
const withIfExists = (random: Random, operator: string) =>
  operator !== 'Null' && !operator.startsWith('ForAnyValue') && random.chance(0.25) ? `${operator}IfExists` : operator

function condition(random: Random): NonNullable<StatementJson['Condition']> {
  const result: Record<string, Record<string, string[]>> = {}
  for (let count = 0; count < (random.chance(0.3) ? 2 : 1); count++) {
    const { operators, keys, wanted } = random.pick(conditions)
    const operator = withIfExists(random, random.pick(operators))
    const key = random.pick(keys)
    // AWS refuses one key in two spellings.
    const other = Object.keys(result[operator] ?? {}).find((name) => name.toLowerCase() === key.toLowerCase())
    result[operator] = {
      ...result[operator],
      [other ?? key]: operator === 'Null' || operator.startsWith('Bool') ? [random.pick(wanted)] : [...new Set(random.some(wanted))],
    }
  }
  return result
}

function statement(random: Random, principals?: () => StatementJson): StatementJson {
  const actionMember = random.chance(0.15) ? 'NotAction' : 'Action'
  const resourceMember = random.chance(0.15) ? 'NotResource' : 'Resource'
  return {
    Effect: random.chance(0.25) ? 'Deny' : 'Allow',
    ...principals?.(),
    [actionMember]: [...new Set(random.some(actionPatterns))],
    [resourceMember]: [...new Set(random.some(resourcePatterns))],
    ...(random.chance(0.55) ? { Condition: condition(random) } : {}),
  } as StatementJson
}

function policy(random: Random, principals?: () => StatementJson): PolicyJson {
  return {
    Version: random.chance(0.93) ? '2012-10-17' : '2008-10-17',
    Statement: Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => statement(random, principals)),
  }
}

export function makeCase(random: Random): Case {
  const session = random.chance(0.75)
  const roleArn = `arn:aws:iam::${HOME}:role/Reader`
  const arn = session ? `arn:aws:sts::${HOME}:assumed-role/Reader/dana` : `arn:aws:iam::${HOME}:user/dana`
  const account = random.chance(0.75) ? HOME : AWAY
  const names = [arn, roleArn, `arn:aws:iam::${HOME}:root`, HOME, '*', `arn:aws:iam::${AWAY}:root`, `arn:aws:iam::${HOME}:user/other`]
  const principals = (): StatementJson => {
    const name = random.pick(names)
    return { Principal: name === '*' && random.chance(0.5) ? '*' : { AWS: [name] } } as StatementJson
  }
  const context: Record<string, string | string[]> = {}
  for (const [key, list] of Object.entries(values)) {
    if (!random.chance(0.65)) continue
    const value = random.pick(list)
    context[key] = value
  }
  return {
    principal: { arn, account: HOME, ...(session ? { roleArn } : {}) },
    action: random.pick(actions),
    resource: { arn: random.pick(resources), account },
    context,
    identity: Array.from({ length: 1 + Math.floor(random.next() * 2) }, () => policy(random)),
    ...(session && random.chance(0.4) ? { session: policy(random) } : {}),
    ...(random.chance(0.25) ? { boundary: policy(random) } : {}),
    ...(random.chance(0.45) || account === AWAY ? { resourcePolicy: policy(random, principals) } : {}),
  }
}
