/**
 * What a session may do, in plain words: `can read in S3: acme-orders-logs`, `cannot write`. Approvers read it before the exact
 * statements, which `permissionsOf` lists. It never promises less than the statements allow: an action that is not known to read counts as
 * writing.
 */
import type { StatementJson } from '@stint/iam'
import { isolated, shownLine } from '../shown-text.ts'
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

/** Resources and services that one line names. The exact statements have the rest. */
const MOST_NAMED = 4
const LONGEST_LINE = 400

const listOf = (value: string | readonly string[] | undefined): readonly string[] => (value === undefined ? [] : [value].flat())

export function plainWords({ policy, policyArns }: Pick<Terms, 'policy' | 'policyArns'>): readonly string[] {
  const allows = policy.filter(({ Effect }) => Effect === 'Allow')
  const denies = policy.filter(({ Effect }) => Effect === 'Deny')
  if (allows.length === 0 && policyArns.length === 0) return ['can do everything that the role allows']
  const lines = merged(allows).flatMap(allowed)
  const arns = policyArns.map((arn) => `can do what the policy ${arn.slice(arn.lastIndexOf('/') + 1)} allows`)
  const writes = allows.some(canWrite) || policyArns.some((arn) => !isReadingPolicy(arn))
  return [...lines, ...arns, ...denies.flatMap(denied), ...(writes ? [] : ['cannot write'])].map((line) =>
    isolated(shownLine(line, LONGEST_LINE)),
  )
}

const canWrite = ({ Action, NotAction }: StatementJson): boolean =>
  NotAction !== undefined || listOf(Action).some((action) => !isReadingAction(action))

/** Plain statements that only read in one service become one: many policies name a bucket in one statement and its objects in the next. */
function merged(allows: readonly StatementJson[]): readonly StatementJson[] {
  const found = new Map<string, StatementJson>()
  for (const statement of allows) {
    const { Action, Resource, Condition } = statement
    const isPlain = Action !== undefined && Resource !== undefined && Condition === undefined
    const services = new Set(listOf(Action).map((action) => action.slice(0, action.indexOf(':'))))
    const reads = listOf(Action).every((action) => isReadingAction(action))
    const key = isPlain && reads && services.size === 1 ? [...services].join() : `#${found.size}`
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

function allowed(statement: StatementJson): readonly string[] {
  const { Action, NotAction } = statement
  const where = placesIn(statement)
  if (NotAction !== undefined) return [`can do everything except ${some(listOf(NotAction))}${where === '' ? '' : `, in ${where}`}`]
  const actions = listOf(Action)
  if (actions.some((action) => action === '*' || action === '*:*'))
    return [`can do everything${where === '' ? ' that the role allows' : ` in ${where}`}`]
  return byService(actions).map(([service, of]) => `can ${verbOf(of)} in ${service}${where === '' ? '' : `: ${where}`}`)
}

function denied(statement: StatementJson): readonly string[] {
  const { Action, NotAction } = statement
  const what = NotAction === undefined ? some(listOf(Action)) : `anything except ${some(listOf(NotAction))}`
  const where = placesIn(statement)
  return [`never ${what === '*' ? 'anything' : what}${where === '' ? '' : ` in ${where}`}`]
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

function verbOf(actions: readonly string[]): string {
  if (actions.some((action) => /^[^:]*:[*?]+$/.test(action))) return 'do everything'
  const reading = actions.filter((action) => isReadingAction(action))
  if (reading.length === actions.length) return 'read'
  const writing = actions.filter((action) => !isReadingAction(action)).map((action) => action.slice(action.indexOf(':') + 1))
  return `${reading.length > 0 ? 'read and write' : 'write'} (${some(writing)})`
}

/** Where a statement applies; empty if everywhere. */
function placesIn({ Resource, NotResource, Condition }: StatementJson): string {
  const conditions =
    Condition === undefined ? '' : `${some([...new Set(Object.values(Condition).flatMap((keys) => Object.keys(keys)))])} as required`
  if (NotResource !== undefined) return withConditions(`everything except ${some(listOf(NotResource).map(resourceName))}`, conditions)
  const resources = [...new Set(listOf(Resource).map(resourceName))]
  // A bucket and its objects are one place.
  const places = resources.filter((one) => !(one.endsWith('/*') && resources.includes(one.slice(0, -2))))
  return withConditions(places.includes('*') ? '' : some(places), conditions)
}
const withConditions = (places: string, conditions: string): string =>
  conditions === '' ? places : `${places === '' ? 'everything' : places}, with ${conditions}`

/** The last part of an ARN: `acme-logs/*` of `arn:aws:s3:::acme-logs/*`. */
const resourceName = (arn: string): string => /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(.+)$/.exec(arn)?.[1] ?? arn

const some = (names: readonly string[]): string =>
  names.length <= MOST_NAMED ? names.join(', ') : `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`
