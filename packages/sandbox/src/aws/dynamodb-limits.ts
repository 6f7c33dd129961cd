/**
 * Limits of DynamoDB that dynalite does not enforce. Source: Amazon DynamoDB Developer Guide, "Service, account, and table
 * quotas in Amazon DynamoDB": key lengths, expression parameters.
 */
import { validationOf } from './dynalite-validations.ts'
import type { Attributes } from './dynamodb-answer.ts'
import type { Table } from './dynamodb-index.ts'

const HASH_BYTES = 2048
const RANGE_BYTES = 1024
const EXPRESSION_BYTES = 4096
const MOST_OPERATORS = 300
const DEEPEST = 32
/** Functions and operators of an expression. A comma in IN counts as one more operand. */
const OPERATOR =
  /\b(?:AND|OR|NOT|BETWEEN|IN|attribute_exists|attribute_not_exists|attribute_type|begins_with|contains|size|if_not_exists|list_append)\b|<>|<=|>=|[=<>+-]/g

/** DynamoDB's error for this write or query; undefined if DynamoDB accepts it. */
export function limitFault(input: Readonly<Record<string, unknown>>, table: Table | undefined, image?: Attributes): string | undefined {
  for (const name of ['ConditionExpression', 'UpdateExpression', 'KeyConditionExpression', 'FilterExpression', 'ProjectionExpression']) {
    const expression = input[name]
    const fault = typeof expression === 'string' ? expressionFault(name, expression) : undefined
    if (fault) return fault
  }
  const values = Object.values((input.ExpressionAttributeValues ?? {}) as Attributes)
  if (values.some((value) => depthOf(value) > DEEPEST)) return 'Nesting Levels have exceeded supported limits'
  return table && image ? keyFault(table, image) : undefined
}

function expressionFault(name: string, expression: string): string | undefined {
  const bytes = Buffer.byteLength(expression)
  if (bytes > EXPRESSION_BYTES) return `Invalid ${name}: Expression size has exceeded the maximum allowed size; expression size: ${bytes}`
  const operators = expression.match(OPERATOR)?.length ?? 0
  if (operators > MOST_OPERATORS)
    return `Invalid ${name}: The expression contains too many operators; maximum operator count: ${MOST_OPERATORS}, actual operator count: ${operators}`
  return undefined
}

/** The keys of the table, and of each index that contains the item. */
function keyFault({ KeySchema, GlobalSecondaryIndexes = [] }: Table, image: Attributes): string | undefined {
  for (const { IndexName, schema } of [
    { IndexName: undefined, schema: KeySchema },
    ...GlobalSecondaryIndexes.map(({ IndexName, KeySchema: schema }) => ({ IndexName, schema })),
  ]) {
    for (const [place, { AttributeName }] of schema.entries()) {
      const text = image[AttributeName]?.S
      if (typeof text !== 'string') continue
      const most = place === 0 ? HASH_BYTES : RANGE_BYTES
      if (text === '')
        return `One or more parameter values are not valid. A value specified for a ${IndexName ? 'secondary index ' : ''}key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. ${IndexName ? `IndexName: ${IndexName}, IndexKey` : 'Key'}: ${AttributeName}`
      if (Buffer.byteLength(text) > most)
        return `One or more parameter values were invalid: Size of ${place === 0 ? 'hashkey' : 'rangekey'} has exceeded the maximum size limit of ${most} bytes`
    }
  }
  return undefined
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const { M, L } = value as { M?: Record<string, unknown>; L?: readonly unknown[] }
  const inner = M ? Object.values(M) : L
  return inner ? 1 + Math.max(0, ...inner.map(depthOf)) : 0
}

/** By operation: the parameters that dynalite reads. It ignores others, which would change what is asked. */
const parameters = new Map<string, readonly string[]>()

/** What the sandbox does itself, and what dynalite need not read, because all of its reads are consistent. */
const ADDED: readonly string[] = ['ReturnValuesOnConditionCheckFailure', 'ConsistentRead']

/** An unsupported parameter of a call, or undefined. dynalite itself refuses an operation that it does not have. */
export function unsupportedMember(operation: string, input: object): string | undefined {
  if (!/^[A-Z][A-Za-z]{1,40}$/.test(operation)) return undefined
  const known = parameters.get(operation) ?? parametersOf(operation)
  // Only operations that exist: the caller chooses the name.
  if (known) parameters.set(operation, known)
  return known && Object.keys(input).find((name) => !known.includes(name) && !ADDED.includes(name))
}

function parametersOf(operation: string): readonly string[] | undefined {
  const validation = validationOf(`${operation.charAt(0).toLowerCase()}${operation.slice(1)}`)
  return validation && Object.keys(validation.types)
}
