/**
 * What a session may do, in plain words: "can read in S3: `acme-orders-logs`", "cannot write". Approvers read it before the exact
 * statements, which `permissionsOf` lists. It never promises less than the statements allow: an action that is not known to read counts as
 * writing, only plain names of resources can be left out of a line, and what is excepted or denied is named by its whole ARN. Names are
 * between backticks (`code-text.ts`), because a requester can choose them.
 */
import type { StatementJson } from '@stint/iam'
import { openedBy } from '@stint/iam/minting/actions'
import { asCode } from '../code-text.ts'
import { isReadingAction, isReadingPolicy } from './risk.ts'
import type { Terms } from './terms.ts'

/** Names of services as AWS writes them. Any other service has the name of its prefix. */
const services: { readonly [prefix: string]: string } = {
  cloudformation: 'CloudFormation',
  cloudwatch: 'CloudWatch',
  dynamodb: 'DynamoDB',
  ec2: 'EC2',
  ecr: 'ECR',
  ecs: 'ECS',
  eks: 'EKS',
  elasticloadbalancing: 'Elastic Load Balancing',
  events: 'EventBridge',
  iam: 'IAM',
  kms: 'KMS',
  lambda: 'Lambda',
  logs: 'CloudWatch Logs',
  rds: 'RDS',
  route53: 'Route 53',
  s3: 'S3',
  secretsmanager: 'Secrets Manager',
  sns: 'SNS',
  sqs: 'SQS',
  ssm: 'Systems Manager',
  states: 'Step Functions',
  sts: 'STS',
}

/** Plain names of resources that one line lists. Names with wildcards and those in other accounts are always listed. */
const MOST_NAMED = 4

type Described = Pick<Terms, 'policy' | 'policyArns'> & Partial<Pick<Terms, 'mints' | 'role'>>
type Context = { readonly isReading: (action: string) => boolean; readonly account: string | undefined }

const listOf = (value: string | readonly string[] | undefined): readonly string[] => (value === undefined ? [] : [value].flat())

/** `role`: the ARN of the session's role. A resource in any account but the role's is listed with its account. */
export function plainWords({ policy, policyArns, mints = [], role }: Described): readonly string[] {
  const open = openedBy(mints)
  const context: Context = { isReading: (action) => isReadingAction(action, open), account: role?.split(':')[4] }
  const allows = policy.filter(({ Effect }) => Effect === 'Allow')
  const denies = policy.filter(({ Effect }) => Effect === 'Deny').map((deny) => denied(deny, context))
  if (allows.length === 0 && policyArns.length === 0) return ['can do everything that the role allows', ...denies]
  const lines = merged(allows, context).flatMap((allow) => allowed(allow, context))
  const arns = policyArns.map((arn) => `can do what the policy ${asCode(arn.slice(arn.lastIndexOf('/') + 1))} allows`)
  const writes =
    allows.some(({ NotAction, Action }) => NotAction !== undefined || !listOf(Action).every(context.isReading)) ||
    !policyArns.every(isReadingPolicy)
  return [...lines, ...arns, ...denies, ...(writes ? [] : ['cannot write'])]
}

/** Plain statements that only read in one service become one: many policies name a bucket in one statement and its objects in the next. */
function merged(allows: readonly StatementJson[], { isReading }: Context): readonly StatementJson[] {
  const found = new Map<string, StatementJson>()
  for (const statement of allows) {
    const { Action, Resource, Condition } = statement
    const isPlain = Action !== undefined && Resource !== undefined && Condition === undefined
    const services = new Set(listOf(Action).map((action) => action.slice(0, action.indexOf(':'))))
    const key = isPlain && listOf(Action).every(isReading) && services.size === 1 ? [...services].join() : `#${found.size}`
    const before = found.get(key)
    found.set(
      key,
      before
        ? { ...before, Action: [...listOf(before.Action), ...listOf(Action)], Resource: [...listOf(before.Resource), ...listOf(Resource)] }
        : statement,
    )
  }
  return [...found.values()]
}

function allowed(statement: StatementJson, context: Context): readonly string[] {
  const { Action, NotAction } = statement
  const where = placesIn(statement, context)
  const conditions = conditionsOf(statement)
  if (NotAction !== undefined)
    return [`can do everything except ${all(listOf(NotAction))}${where === '' ? '' : `, in ${where}`}${conditions}`]
  const actions = listOf(Action)
  if (actions.some((action) => action === '*' || action === '*:*'))
    return [`can do everything${where === '' ? ' that the role allows' : ` in ${where}`}${conditions}`]
  const places = where === '' && conditions !== '' ? 'everything' : where
  return byService(actions).map(
    ([service, of]) => `can ${verbOf(of, context)} in ${service}${places === '' ? '' : `: ${places}`}${conditions}`,
  )
}

function denied(statement: StatementJson, context: Context): string {
  const { Action, NotAction } = statement
  const what = NotAction === undefined ? all(listOf(Action)) : `anything except ${all(listOf(NotAction))}`
  const where = placesIn(statement, context)
  const conditions = conditionsOf(statement)
  // A Deny with a condition can be one that never holds, such as a date in the past.
  return `${conditions === '' ? 'never' : 'not'} ${what === asCode('*') ? 'anything' : what}${where === '' ? '' : ` in ${where}`}${conditions}`
}

function byService(actions: readonly string[]): readonly (readonly [service: string, actions: readonly string[]])[] {
  const found = new Map<string, string[]>()
  for (const action of actions) {
    const prefix = action.slice(0, Math.max(0, action.indexOf(':'))).toLowerCase()
    const name = Object.hasOwn(services, prefix) ? (services[prefix] as string) : prefix
    found.set(name, [...(found.get(name) ?? []), action])
  }
  return [...found]
}

function verbOf(actions: readonly string[], { isReading }: Context): string {
  if (actions.some((action) => /^[^:]*:[*?]+$/.test(action))) return 'do everything'
  const writing = actions.filter((action) => !isReading(action)).map((action) => action.slice(action.indexOf(':') + 1))
  if (writing.length === 0) return 'read'
  return `${writing.length < actions.length ? 'read and write' : 'write'} (${all(writing)})`
}

/** What an operator makes of a key is not put in words: `NotIpAddress` is the opposite of `IpAddress`. `permissionsOf` has it. */
const conditionsOf = ({ Condition }: StatementJson): string =>
  Condition === undefined ? '' : `, under conditions on ${all([...new Set(Object.values(Condition).flatMap(Object.keys))])}`

/** Where a statement applies; empty if everywhere. */
function placesIn({ Effect, Resource, NotResource }: StatementJson, { account }: Context): string {
  // Those that were left out of an exception would still be allowed, or still be denied, so all of them are listed.
  if (NotResource !== undefined) return `any resource except ${all(listOf(NotResource))}`
  // The last part of an ARN covers more than the ARN does. An Allow may say more than it allows, but a Deny must not say more than it denies.
  const found = [...new Set(listOf(Resource).map((arn) => (Effect === 'Deny' ? asCode(arn) : placeOf(arn, account))))]
  if (found.includes(asCode('*'))) return ''
  // A bucket and its objects are one place.
  const whole = new Set(found.filter((one) => one.endsWith('`') && found.includes(`${one.slice(0, -1)}/*\``)))
  return some(
    found.filter((one) => !(one.endsWith('/*`') && whole.has(`${one.slice(0, -3)}\``))),
    (place) => !hasWildcard(place) && !whole.has(place) && place.indexOf('`', 1) === place.length - 1,
  )
}

/** The last part of an ARN: `acme-logs/*` of `arn:aws:s3:::acme-logs/*`, with its account if that is another one. */
function placeOf(arn: string, own: string | undefined): string {
  const [, account = '', name] = /^arn:[^:]*:[^:]*:[^:]*:([^:]*):(.+)$/.exec(arn) ?? []
  if (name === undefined) return asCode(arn)
  if (account === '' || account === own || (own === undefined && /^\d+$/.test(account))) return asCode(name)
  return `${asCode(name)} in ${/^\*+$/.test(account) ? 'any account' : `account ${asCode(account)}`}`
}

const hasWildcard = (name: string): boolean => /[*?]/.test(name)
/** Names with wildcards first, and of these the shortest, which tends to be the widest. */
export const widestFirst = (names: readonly string[]): readonly string[] => [
  ...names.filter(hasWildcard).toSorted((a, b) => a.length - b.length),
  ...names.filter((name) => !hasWildcard(name)),
]
const all = (names: readonly string[]): string =>
  widestFirst([...new Set(names)])
    .map(asCode)
    .join(', ')

/** Only plain names in the session's own account can be left out. */
function some(places: readonly string[], isPlain: (place: string) => boolean): string {
  const [listed, plain] = [places.filter((place) => !isPlain(place)), places.filter(isPlain)]
  const more = plain.slice(Math.max(0, MOST_NAMED - listed.length))
  const named = [...widestFirst(listed), ...plain.slice(0, plain.length - more.length)].join(', ')
  return more.length === 0 ? named : `${named} and ${more.length} more`
}
