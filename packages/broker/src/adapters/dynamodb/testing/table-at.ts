/**
 * A DynamoDB that we did not write, over HTTP, in the place of the table in this process: moto, for one (test/verify/moto/ledger.ts). Items
 * are remembered as each write returned them, so that a test can look at them without waiting.
 */
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { atEndpoint, clientConfig, handlers } from '../../aws.ts'
import { type Wire, wire } from '../../wire/exchange.ts'
import { sideTable, storyTable } from '../table.ts'
import type { Item } from './expression.ts'
import type { Network, Sent, tableInProcess } from './table.ts'

type Table = Pick<ReturnType<typeof tableInProcess>, 'client' | 'wire' | 'through' | 'item'>

const KEYS = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'x' }
const REGION = 'eu-central-1'
const ANSWER_MS = 10_000
const MAX_BYTES = 4 * 1024 * 1024

/** Makes both tables anew; calls wait until they exist. */
export function tableAt(url: string): Table {
  const real = new DynamoDBClient({
    ...clientConfig(KEYS, Date.now),
    region: REGION,
    requestHandler: handlers(ANSWER_MS)(MAX_BYTES, ANSWER_MS),
    ...atEndpoint(url),
  })
  const lean = wire({
    service: 'dynamodb',
    region: REGION,
    endpoint: url,
    keys: KEYS,
    clock: Date.now,
    connectMs: ANSWER_MS,
    maxBytes: MAX_BYTES,
  })
  const ready = Promise.all([storyTable('stint'), sideTable('stint-side')].map(anew))
  async function anew(definition: ReturnType<typeof storyTable>): Promise<void> {
    await real.send(new DeleteTableCommand({ TableName: definition.TableName })).catch(() => {})
    await real.send(new CreateTableCommand(definition))
  }

  const items = new Map<string, Item>()
  const idOf = (table: string, key: Item) => `${table}|${key.pk?.S}|${key.sk?.S ?? ''}`
  let through: Network = (_sent, apply) => apply()
  const remember = ({ operation, input }: Sent, image: unknown) => {
    if (operation === 'UpdateItem' && image) items.set(idOf(input.TableName, input.Key), image as Item)
  }

  return {
    client: {
      send: async (command: { readonly input: Sent['input'] }) => {
        await ready
        const sent = { operation: command.constructor.name.replace(/Command$/, ''), input: command.input }
        return through(sent, async () => {
          const answer = (await real.send(command as never)) as { readonly Attributes?: unknown }
          remember(sent, answer.Attributes)
          return answer
        })
      },
    } as unknown as DynamoDBClient,
    wire: {
      open: lean.open,
      post: async (headers, body, withinMs) => {
        await ready
        const sent = { operation: (headers['x-amz-target'] ?? '').replace(/.*\./, ''), input: JSON.parse(body) as Sent['input'] }
        return through(sent, async () => {
          const answer = await lean.post(headers, body, withinMs)
          if (answer.status === 200) remember(sent, (JSON.parse(answer.body) as { Attributes?: unknown }).Attributes)
          return answer
        })
      },
    } as Wire,
    through: (next) => {
      through = next
    },
    item: (table, pk, sk) => items.get(idOf(table, { pk: { S: pk }, ...(sk ? { sk: { S: sk } } : {}) })),
  }
}
