/**
 * The operations of DynamoDB that the vend path needs, over AWS's SDK (./over-sdk.ts) or over Stint's own wire (../wire/dynamodb.ts). A
 * call throws unless DynamoDB accepted it. A failed condition is an error of its own (`isBlocked`); every other error says nothing about
 * whether the write took effect.
 */
import type {
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb'

export type TableCalls = {
  readonly updateItem: (input: UpdateItemCommandInput) => Promise<Answer<UpdateItemCommandOutput>>
  readonly getItem: (input: GetItemCommandInput) => Promise<Answer<GetItemCommandOutput>>
  readonly batchGetItem: (input: BatchGetItemCommandInput) => Promise<Answer<BatchGetItemCommandOutput>>
}
type Answer<T> = Omit<T, '$metadata'>
