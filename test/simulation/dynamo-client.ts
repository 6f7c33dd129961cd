/**
 * The client of DynamoDB that Stint's adapters get: either AWS's SDK, unchanged, over an HTTP that is simulated, or an object that hands
 * each command to the table. The second is 10 times faster; some schedules use the first.
 */
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { clientConfig } from '@stint/broker/adapters/aws'
import { deadlinesOnAws } from '@stint/broker/wiring/broker'
import { type Dynamo, earlierImage, Refusal, send, withUnprocessed } from './dynamo.ts'
import type { Services } from './machines.ts'
import type { Machine } from './network.ts'
import { stepOf } from './steps.ts'
import type { Dice } from './world.ts'

const { ledger: ANSWER_MS } = deadlinesOnAws

const clients = new WeakMap<Machine, DynamoDBClient>()

/** The client of a machine, made once: AWS's takes a millisecond. */
export function clientOn(services: Services, machine: Machine): DynamoDBClient {
  const client = clients.get(machine) ?? (services.overSdk ? overSdk(services, machine) : overCommands(services, machine))
  clients.set(machine, client)
  return client
}

function overCommands({ network, dynamo, reach }: Services, machine: Machine): DynamoDBClient {
  const error = (name: string, httpStatusCode: number) => () => {
    throw Object.assign(new Error(name), { name, $metadata: { httpStatusCode } })
  }
  return {
    send: (command: { readonly input: object }) => {
      const operation = command.constructor.name.replace(/Command$/, '')
      return network.exchange<object>(machine, {
        step: stepOf(operation, command.input),
        service: 'dynamodb',
        effect: () => applied(dynamo, operation, command.input),
        failed: error('InternalServerError', 500),
        throttled: error('ProvisionedThroughputExceededException', 400),
        garbled: (answer, dice) => {
          if (operation !== 'BatchGetItem' || dice.chance(0.5)) return garbled(dynamo, answer, dice)
          reach('DynamoDB leaves a key unprocessed')
          return withUnprocessed(command.input, answer, dice.pick)
        },
        deadlineMs: ANSWER_MS,
      })
    },
  } as unknown as DynamoDBClient
}

function applied(dynamo: Dynamo, operation: string, input: object): object {
  try {
    return dynamo.apply(operation, input)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw Object.assign(error, { $metadata: { httpStatusCode: 400 }, ...(error.item ? { Item: error.item } : {}) })
  }
}

/** An answer that DynamoDB could give to another call. */
function garbled(dynamo: Dynamo, answer: object, dice: Dice): object {
  const { Item, Attributes, ...rest } = answer as { Item?: object; Attributes?: object }
  const other = { pk: { S: 'REQ#req_00000000000000000000000000' }, sk: { S: '-' } }
  return dice.pick<object>([
    {},
    Object.hasOwn(rest, 'Items') ? { ...rest, Count: -1 } : {},
    Item ? { ...rest, Item: { ...Item, ...other } } : {},
    Attributes ? { ...rest, Attributes: { ...Attributes, ...other } } : {},
    earlierImage(dynamo, answer),
  ])
}

type SdkRequest = { readonly headers: Record<string, string>; readonly body: string | Uint8Array }

function overSdk({ network, dynamo, world }: Services, machine: Machine): DynamoDBClient {
  const clock = () => world.now + machine.skewMs
  return sdkClient(clock, ({ headers, body: sent }) => {
    const body = typeof sent === 'string' ? sent : new TextDecoder().decode(sent)
    const target = headers['x-amz-target'] ?? ''
    const refusal = (status: number, name: string) => () => ({ status, body: JSON.stringify({ __type: `com.amazonaws#${name}` }) })
    return network.exchange(machine, {
      step: stepOf(target.replace(/.*\./, ''), JSON.parse(body)),
      service: 'dynamodb',
      effect: () => send(dynamo, target, body),
      failed: refusal(500, 'InternalServerError'),
      throttled: refusal(400, 'ProvisionedThroughputExceededException'),
      garbled: ({ status, body: whole }, dice) => ({ status, body: dice.pick(['{}', '[]', whole.slice(0, whole.length / 2)]) }),
      deadlineMs: ANSWER_MS,
    })
  })
}

const sdkClient = (clock: () => number, answer: (request: SdkRequest) => Promise<{ readonly status: number; readonly body: string }>) =>
  new DynamoDBClient({
    ...clientConfig({ accessKeyId: 'AKIASIMULATED', secretAccessKey: 'x' }, clock),
    region: 'eu-central-1',
    endpoint: 'https://dynamodb.sim',
    requestHandler: {
      async handle(request: SdkRequest) {
        const { status, body } = await answer(request)
        const headers = { 'content-type': 'application/x-amz-json-1.0' }
        return { response: { statusCode: status, headers, body: Buffer.from(body) } }
      },
      httpHandlerConfigs: () => ({}),
      updateHttpClientConfig: () => {},
    } as never,
  })

/** AWS's SDK loads modules at its first call and at its first error, in real time. Virtual time would go on meanwhile. */
export async function loadSdk(): Promise<void> {
  const get = new GetItemCommand({ TableName: 'stint', Key: { pk: { S: '-' } } })
  const error = { status: 400, body: '{"__type":"com.amazonaws#ConditionalCheckFailedException"}' }
  await sdkClient(Date.now, async () => ({ status: 200, body: '{}' })).send(get)
  await sdkClient(Date.now, async () => error)
    .send(get)
    .catch(() => {})
}
