/** An answer of DynamoDB, reduced to what two implementations must have in common, and why the sandbox's and moto's may differ. */
import { isDeepStrictEqual } from 'node:util'
import type { Json, RecordedCall } from '../../support/dynamodb-recording.ts'

export type Answer = { readonly status: number; readonly answer: Json }
export type DynamoDifference = { readonly call: RecordedCall; readonly sandbox: unknown; readonly moto: unknown }

/** Else IAM refused it, so DynamoDB did not see it; or it is not an operation of DynamoDB. */
export const isReplayed = ({ status, answer }: RecordedCall): boolean =>
  status < 500 && !['AccessDeniedException', 'UnknownOperationException'].includes(codeOf(answer))

export function differenceOf(call: RecordedCall, moto: Answer): DynamoDifference | undefined {
  const [ours, theirs] = [shapeOf(call.operation, call), shapeOf(call.operation, moto)]
  return isDeepStrictEqual(ours, theirs) ? undefined : { call, sandbox: ours, moto: theirs }
}

const codeOf = (answer: Json): string => String(answer.__type ?? '').replace(/^.*#/, '')

/** Descriptions of tables hold times, ARNs and counts. Messages are not compared: callers must not parse them. */
const NO_BODY = /^(CreateTable|DescribeTable|UpdateTable|DeleteTable|ListTables)$/

function shapeOf(operation: string, { status, answer }: Answer): unknown {
  if (status !== 200) return { status, code: codeOf(answer), ...(answer.Item ? { item: answer.Item } : {}) }
  if (NO_BODY.test(operation)) return { status }
  const { ConsumedCapacity: _capacity, ItemCollectionMetrics: _metrics, ...rest } = answer
  if (operation === 'Scan') return { status, ...rest, Items: sorted(rest.Items) }
  if (operation === 'BatchGetItem')
    return { status, ...rest, Responses: Object.entries(rest.Responses as Json).map(([table, items]) => [table, sorted(items)]) }
  return { status, ...rest }
}

/** AWS documents no order for these. */
const sorted = (items: readonly Json[]): readonly Json[] => [...items].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
const keyOf = ({ pk, sk }: Json): string => JSON.stringify([pk, sk])

export type DynamoExplanation = {
  readonly title: string
  /** Whose answer is right by the page, or `neither` where AWS documents both. */
  readonly right: 'sandbox' | 'moto' | 'neither'
  readonly page: string
  readonly why: string
  readonly explains: (difference: DynamoDifference) => boolean
  /** The difference need not show in each recording. */
  readonly byChance?: true
}

const API = 'https://docs.aws.amazon.com/amazondynamodb/latest/APIReference'

/** An entry that explains no difference any more is an error, so the list stays short. */
export const explained: readonly DynamoExplanation[] = [
  {
    title: 'UPDATED_NEW returns the updated attributes',
    right: 'sandbox',
    page: `${API}/API_UpdateItem.html`,
    why: 'moto adds the key of a new item, and leaves out an attribute that was set to the value which it had',
    explains: ({ call: { operation, input }, sandbox, moto }) => {
      if (operation !== 'UpdateItem' || input.ReturnValues !== 'UPDATED_NEW') return false
      const [ours, theirs] = [(sandbox as Json).Attributes ?? {}, (moto as Json).Attributes ?? {}]
      const others = Object.keys(theirs).filter((name) => !Object.hasOwn(input.Key, name))
      return others.every((name) => isDeepStrictEqual(ours[name], theirs[name])) && !isDeepStrictEqual(ours, theirs)
    },
  },
  {
    title: 'a full page ends with a LastEvaluatedKey, whether there is more or not',
    right: 'neither',
    page: `${API}/API_Query.html`,
    why: 'a key does not necessarily mean that there is more; moto leaves it out where the page ends with the last item',
    byChance: true,
    explains: ({ call: { operation, input }, sandbox, moto }) => {
      const { LastEvaluatedKey: ours, ...rest } = sandbox as Json
      return operation === 'Query' && ours !== undefined && rest.Count === input.Limit && isDeepStrictEqual(rest, moto)
    },
  },
]
