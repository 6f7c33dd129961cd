import { contains, evaluate, type Statement } from '@stint/iam'
import { must, type Target } from '../engine.ts'

const ACCOUNT = '111122223333'

/** `[!]actions|[!]resources|condition`, comma-separated. */
function statementOf(line: string): Statement {
  const [actions = '', resources = '', condition = ''] = line.split('|')
  const namesOf = (list: string) => ({ not: list.startsWith('!'), names: list.replace(/^!/, '').split(',') })
  const [operator, value] = condition.split('=')
  return {
    effect: 'Allow',
    actions: namesOf(actions),
    resources: namesOf(resources),
    conditions: operator && value !== undefined && OPERATORS.has(operator) ? { [operator]: { 'aws:k': value.split(',') } } : {},
    variables: !line.endsWith('~'),
  }
}
const OPERATORS = new Set([
  'StringEquals',
  'StringNotEquals',
  'StringLike',
  'StringEqualsIfExists',
  'Null',
  'ForAllValues:StringEquals',
  'IpAddress',
])

/** Lines: two statements, an action, a resource, the value of the condition's key. */
export const containment: Target = {
  name: 'containment',
  oracle: 'A statement that is judged to be contained allows no request that its container does not allow.',
  seeds: [
    's3:Get*bject|*|\ns3:Get?bject|*|\ns3:GetXXbject\narn:aws:s3:::b/k\n',
    's3:*|arn:aws:s3:::b/*|\ns3:Get*|arn:aws:s3:::b/k*|\ns3:GetObject\narn:aws:s3:::b/kx\n',
    's3:Get*|arn:aws:s3:::*|StringEquals=a,b\ns3:GetObject|arn:aws:s3:::b/*|StringEquals=a\ns3:GetObject\narn:aws:s3:::b/k\na',
    '!iam:*|!arn:aws:s3:::b/*|\n!iam:*,s3:Put*|!arn:aws:s3:::b*|\ns3:GetObject\narn:aws:s3:::c/k\n',
    `*|arn:aws:sqs:*:${ACCOUNT}:q*|StringNotEquals=a\nsqs:*|arn:aws:sqs:eu-central-1:${ACCOUNT}:q|StringNotEquals=a,b\nsqs:SendMessage\narn:aws:sqs:eu-central-1:${ACCOUNT}:q\nc`,
  ],
  words: [
    '*',
    '?',
    '!',
    ',',
    '|',
    '\n',
    ':',
    's3:',
    's3:*',
    'arn:aws:s3:::',
    'arn:',
    '${aws:k}',
    '${*}',
    '~',
    'a',
    'StringEquals=',
    'StringNotEquals=',
    'StringLike=',
    'Null=true',
    '/',
    'é',
  ],
  run(input) {
    const [first = '', second = '', action = '', resource = '', value] = Buffer.from(input).toString('utf8').split('\n')
    const statements = [statementOf(first), statementOf(second)] as const
    const kinds = [statements, statements.toReversed() as unknown as typeof statements].map(([wide, narrow]) => {
      if (!contains(wide, narrow)) return 'free'
      const requests = [{ action, resource }, ...examplesOf(narrow)]
      const allowed = requests.filter((request) => isAllowed(narrow, request, value))
      for (const request of allowed)
        must(isAllowed(wide, request, value), `the contained statement allows ${request.action}, its container does not`)
      return `contained ${allowed.length > 0} ${wide.actions.not} ${narrow.actions.not} ${Object.keys(narrow.conditions)}`
    })
    return kinds.join(', ')
  },
}

type Call = { readonly action: string; readonly resource: string }

const isAllowed = (statement: Statement, { action, resource }: Call, value: string | undefined): boolean =>
  evaluate({
    principal: { arn: `arn:aws:iam::${ACCOUNT}:user/u`, account: ACCOUNT },
    action,
    resource: { arn: resource, account: ACCOUNT },
    context: { 'aws:k': value },
    identity: [{ statements: [statement] }],
  }).allowed

/** Calls that the patterns of a statement match, for each of its names: each star is nothing, or some characters. */
const examplesOf = ({ actions, resources }: Statement): readonly Call[] =>
  ['', 'XX'].flatMap((run) => {
    const examples = (names: Statement['actions'] | undefined) =>
      (names?.names ?? ['']).slice(0, MOST_NAMES).map((name) => name.replaceAll('*', run).replaceAll('?', 'X'))
    return examples(actions).flatMap((action) => examples(resources).map((resource) => ({ action, resource })))
  })
const MOST_NAMES = 3
