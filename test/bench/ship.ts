/**
 * Shipping with latencies as in a region, on a log of 300 and of 100,000 entries: events and vends per second, calls by kind, CPU per event.
 *
 *     node test/bench/ship.ts
 *
 * The DynamoDB adapter is counted as it would call: 100 keys a read, 25 rows a write. What the SDK itself costs is not in the CPU time.
 */
import { type Shipper, ship } from '@stint/broker/log/ship'
import type { LookupRow } from '@stint/broker/ports/log'
import { journalOf, newMemoryLog, shipperOf, systemJournal } from '../support/memory-log.ts'

/** Milliseconds per call. */
const REGION = { put: 25, get: 15, list: 20, delete: 25, dynamodb: 6, batchGet: 8, batchWrite: 12, kms: 20 } as const
type Latencies = { readonly [call in keyof typeof REGION]: number }
const SLOW_S3: Latencies = { ...REGION, put: 50, get: 30, list: 40, delete: 50 }

export type ShipFigures = {
  readonly entries: number
  readonly vends: number
  readonly ms: number
  readonly cpuMsPerEvent: number
  readonly calls: Readonly<Record<string, number>>
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** As many rounds as `AT_ONCE` and `READS_AT_ONCE` of the adapter make of that many calls. */
const rounds = (calls: number) => Math.ceil(calls / 16)

type Cost = { readonly kind: string; readonly calls: number; readonly ms: number }
function slowed<T extends object>(of: T, calls: Record<string, number>, cost: (method: string, args: readonly unknown[]) => Cost): T {
  return new Proxy(of, {
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver) as unknown
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        const one = cost(String(name), args)
        calls[one.kind] = (calls[one.kind] ?? 0) + one.calls
        await pause(one.ms)
        return (value as (...all: unknown[]) => unknown).apply(target, args)
      }
    },
  })
}

let made = 1
/** Plain vends: created, reserved, issued. */
const vends = (count: number) =>
  Array.from({ length: count }, () => {
    while (made % 10 === 0 || made % 7 === 0) made++
    return journalOf(made++)
  })

/** Ships a batch of vends to a log of that many entries. */
export async function measureShip(
  size: number,
  batches: readonly number[],
  latencies: Latencies = REGION,
): Promise<readonly ShipFigures[]> {
  const memory = newMemoryLog()
  const fast: Shipper = { ...shipperOf(memory), log: memory.log, events: memory.events, state: memory.state }
  await ship(fast, [systemJournal()])
  while ((memory.state.now.head?.size ?? 0) < size) await ship(fast, vends(Math.min(1333, Math.ceil(size / 3))))
  const figures: ShipFigures[] = []
  for (const count of batches) {
    const calls: Record<string, number> = {}
    const s3 = (method: string): Cost => {
      const kind = { get: 'get', list: 'list', remove: 'delete' }[method] ?? 'put'
      return { kind: `S3 ${kind}`, calls: 1, ms: latencies[kind as 'get' | 'list' | 'delete' | 'put'] }
    }
    const table = (method: string, [first]: readonly unknown[]): Cost => {
      if (method === 'cursors') {
        const reads = Math.ceil((first as readonly string[]).length / 100)
        return { kind: 'BatchGetItem', calls: reads, ms: rounds(reads) * latencies.batchGet }
      }
      if (method === 'index') {
        const writes = Math.ceil((first as readonly LookupRow[]).length / 25)
        return { kind: 'BatchWriteItem', calls: writes, ms: rounds(writes) * latencies.batchWrite }
      }
      return { kind: `DynamoDB ${method}`, calls: 1, ms: latencies.dynamodb }
    }
    const shipper: Shipper = {
      ...fast,
      log: slowed(memory.log, calls, s3),
      events: slowed(memory.events, calls, s3),
      state: slowed(memory.state, calls, table),
      signer: slowed(fast.signer, calls, () => ({ kind: 'KMS Sign', calls: 1, ms: latencies.kms })),
    }
    const journals = vends(count)
    const [started, used] = [performance.now(), process.cpuUsage()]
    const shipped = await ship(shipper, journals)
    if (shipped.outcome === 'unknown') throw new Error(shipped.cause)
    const [ms, cpu] = [performance.now() - started, process.cpuUsage(used)]
    const { entries } = shipped.value
    figures.push({ entries, vends: count, ms, cpuMsPerEvent: (cpu.user + cpu.system) / 1000 / entries, calls })
  }
  return figures
}

async function print(what: string, size: number, latencies: Latencies): Promise<void> {
  for (const { entries, vends: count, ms, cpuMsPerEvent, calls } of await measureShip(size, [50, 333, 1333, 1333], latencies)) {
    const perSecond = (of: number) => ((of / ms) * 1000).toFixed(0)
    console.log(
      `${what}, ${size} entries: ${count} vends in ${ms.toFixed(0)} ms, ${perSecond(entries)} events/s, ${perSecond(count)} vends/s, CPU ${cpuMsPerEvent.toFixed(3)} ms/event  ${JSON.stringify(calls)}`,
    )
  }
}

if (import.meta.main) {
  await print('region', 300, REGION)
  await print('region', 100_000, REGION)
  await print('S3 twice as slow', 300, SLOW_S3)
}
