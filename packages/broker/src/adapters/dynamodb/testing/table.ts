/**
 * DynamoDB in this process, as far as the ledger uses it: for tests that stage what a network can do to one call. What it
 * makes of expressions is held to dynalite by the suites that run over HTTP.
 */
import { type AttributeValue, ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type Item, readWrite, Validation } from './expression.ts'

export type Sent = { readonly operation: string; readonly input: Input }
type Input = {
  readonly TableName: string
  readonly Key: Item
  readonly Item: Item
  readonly ConditionExpression?: string
  readonly UpdateExpression?: string
  readonly ExpressionAttributeNames?: Record<string, string>
  readonly ExpressionAttributeValues?: Item
  readonly IndexName?: string
  readonly ReturnConsumedCapacity?: string
  readonly RequestItems: Record<string, { readonly Keys: readonly Item[] }>
}
/** What becomes of one call: whether it takes effect, and what is answered. */
export type Network = (sent: Sent, apply: () => object) => Promise<object> | object

/** `rewrite`: another condition than the one that was sent. What it leaves unused is then no error. */
export function tableInProcess(rewrite?: (condition: string) => string) {
  const items = new Map<string, Item>()
  const idOf = (table: string, key: Item) => `${table}|${key.pk?.S}|${key.sk?.S ?? ''}`
  let through: Network = (_sent, apply) => apply()

  function apply({ operation, input }: Sent): object {
    const capacity = input.ReturnConsumedCapacity ? { ConsumedCapacity: { TableName: input.TableName, CapacityUnits: 1 } } : {}
    switch (operation) {
      case 'GetItem': {
        const item = items.get(idOf(input.TableName, input.Key))
        return { ...capacity, ...(item ? { Item: item } : {}) }
      }
      case 'BatchGetItem': {
        const read = ([table, { Keys }]: [string, { readonly Keys: readonly Item[] }]) => [
          table,
          Keys.map((key) => items.get(idOf(table, key))).filter((item) => item !== undefined),
        ]
        return { Responses: Object.fromEntries(Object.entries(input.RequestItems).map(read)), UnprocessedKeys: {} }
      }
      // An index that has not learned of anything yet.
      case 'Query':
        return { ...capacity, Items: [], Count: 0 }
      case 'UpdateItem': {
        const id = idOf(input.TableName, input.Key)
        const before = items.get(id)
        const condition = input.ConditionExpression
        const write = readWrite(
          rewrite && condition !== undefined ? rewrite(condition) : condition,
          input.UpdateExpression,
          { names: input.ExpressionAttributeNames, values: input.ExpressionAttributeValues },
          rewrite === undefined,
        )
        if (!write.holds(before)) {
          throw new ConditionalCheckFailedException({
            message: 'The conditional request failed',
            $metadata: {},
            ...(before ? { Item: before as Record<string, AttributeValue> } : {}),
          })
        }
        const after = write.after(before, input.Key)
        items.set(id, after)
        return { Attributes: after }
      }
      default:
        throw new Validation(`no operation ${operation}`)
    }
  }

  return {
    client: {
      send: async (command: { readonly input: Input }) => {
        const sent = { operation: command.constructor.name.replace(/Command$/, ''), input: command.input }
        return through(sent, () => apply(sent))
      },
    } as unknown as DynamoDBClient,
    /** What lies between the caller and the table from now on. */
    through: (next: Network) => {
      through = next
    },
    /** An item as it stands, or undefined. */
    item: (table: string, pk: string, sk?: string): Item | undefined =>
      items.get(idOf(table, { pk: { S: pk }, ...(sk ? { sk: { S: sk } } : {}) })),
    items: (): readonly Item[] => [...items.values()],
  }
}
