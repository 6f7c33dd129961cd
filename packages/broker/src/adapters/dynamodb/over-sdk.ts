/** The table over AWS's SDK. */
import { BatchGetItemCommand, type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import type { TableCalls } from './table-calls.ts'

export const tableOverSdk = (client: DynamoDBClient): TableCalls => ({
  updateItem: (input) => client.send(new UpdateItemCommand(input)),
  getItem: (input) => client.send(new GetItemCommand(input)),
  batchGetItem: (input) => client.send(new BatchGetItemCommand(input)),
})
