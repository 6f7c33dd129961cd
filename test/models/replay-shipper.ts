/** Replays a trace of shipper.pml through log/ship.ts, over a log in memory. */
import { ship } from '@stint/broker/log/ship'
import { Trouble } from '@stint/broker/ports/log'
import { journalOf, newMemoryLog, shipperOf } from '../support/memory-log.ts'

type Held = { readonly apply: () => Promise<unknown>; readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void }

/** Turns of the event loop in which a shipper must come to its next message. It does nothing that waits. */
const MAX_TURNS = 2000
/** The fates of shipper.pml. */
const [OK, BEFORE, AFTER, LATE] = ['0', '1', '2', '3']
const NOTHING = 99
const STAGES = 8

/** The step of the model that a message belongs to. Other messages pass at once: the model has none for them. */
function stepOf(part: string, member: string, path: unknown): string | undefined {
  const isStage = String(path).startsWith('stage/')
  if (part === 'state') return { head: 'reading', cursors: 'comparing', move: 'moving', advance: 'advancing', applied: 'applying' }[member]
  if (part === 'signer') return member === 'sign' ? 'signing' : undefined
  if (part === 'log' && member === 'create') return String(path).startsWith('tile/0/') ? 'tiling' : undefined
  if (part === 'log' && member === 'replace') return 'publishing'
  if (part !== 'events') return undefined
  if (isStage) return { get: 'recovering', create: 'staging', remove: 'removing' }[member]
  return { get: 'bundling', replace: 'writing bundle' }[member]
}

/** Throws at the first step after which the log is not what the model says. */
export async function replayShipper(trace: readonly string[]): Promise<void> {
  const memory = newMemoryLog()
  const journal = journalOf(1)
  const stages: string[] = []
  const shippers = new Map<string, { readonly held: Map<string, Held>; losing: boolean; isOver: boolean }>()
  let arrivesLate: (() => Promise<unknown>) | undefined

  function start(name: string): void {
    const held = new Map<string, Held>()
    const own = { held, losing: false, isOver: false }
    const real = shipperOf(memory)
    const through = <T extends object>(part: string, of: T): T =>
      new Proxy(of, {
        get(target, member) {
          const value = Reflect.get(target, member) as unknown
          if (typeof value !== 'function') return value
          return (...args: readonly unknown[]) => {
            const apply = async () => {
              const answer: unknown = await value.apply(target, args)
              if (part === 'events' && member === 'create') stages.push(String(args[0]).slice('stage/'.length))
              return answer
            }
            const step = stepOf(part, String(member), args[0])
            if (step === undefined) return apply()
            // The bundle is read and replaced in one step. If it stays as it is, the message after it is lost instead.
            if (step === 'writing bundle' && !own.losing) return apply()
            if (own.losing) {
              own.losing = false
              const lost = () => {
                throw new Trouble('the connection was reset')
              }
              return step === 'writing bundle' ? apply().then(lost) : Promise.reject(new Trouble('the connection was reset'))
            }
            return new Promise((resolve, reject) => held.set(step, { apply, resolve, reject }))
          }
        },
      })
    shippers.set(name, own)
    const shipper = {
      ...real,
      log: through('log', real.log),
      events: through('events', real.events),
      state: through('state', real.state),
      signer: through('signer', real.signer),
    }
    // s1 has an older image of the journal.
    ship(shipper, [{ ...journal, events: journal.events.slice(0, Number(name.slice(1))) }]).then(
      () => {
        own.isOver = true
      },
      () => {
        own.isOver = true
      },
    )
  }

  async function until(holds: () => boolean, what: string): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      if (holds()) return
      await new Promise(setImmediate)
    }
    throw new Error(`the code did not do what the model does: ${what}`)
  }

  function shown(): string {
    const head = memory.state.now.head
    const bundle = [...memory.events.objects].find(([path]) => !path.startsWith('stage/'))?.[1]
    const events = bundle ? bundle.toString('utf8').trimEnd().split('\n').length : 0
    const tiles = Math.max(0, ...[...memory.log.objects.keys()].flatMap((path) => Number(/^tile\/0\/000\.p\/(\d+)$/.exec(path)?.[1] ?? 0)))
    const checkpoint = Number(memory.log.objects.get('checkpoint')?.toString('utf8').split('\n')[1] ?? 0)
    const exist = Array.from({ length: STAGES }, (_, at) => (memory.events.objects.has(`stage/${stages[at]}`) ? 1 : 0)).join('')
    const stage = head ? stages.indexOf(head.stage) : NOTHING
    return `${head?.size ?? 0} ${stage} ${head?.applied === false ? 0 : 1} ${tiles} ${events} ${checkpoint} CURSOR ${exist}`
  }
  const cursor = async () => (await memory.state.cursors([journal.request])).get(journal.request)?.count ?? 0

  async function step(line: string): Promise<void> {
    const [kind, name = '', label = '', fate] = line.split(' ')
    if (kind === 'STATE') {
      const real = `STATE ${shown().replace('CURSOR', String(await cursor()))}`
      if (real !== line) throw new Error(`the log is\n  ${real}\nand the model says\n  ${line}`)
      return
    }
    if (label === 'arriving') {
      await arrivesLate?.()
      arrivesLate = undefined
      return
    }
    if (label === 'crashing') {
      shippers.delete(name)
      return
    }
    if (label === 'reading' && (shippers.get(name)?.isOver ?? true)) start(name)
    const own = shippers.get(name)
    if (!own) throw new Error(`${name} is not running`)
    const { held } = own
    const sent = label === 'discarding' ? 'removing' : label
    await until(() => held.has(sent), `${name} ${label}`)
    const { apply, resolve, reject } = held.get(sent) as Held
    held.delete(sent)
    const lost = new Trouble('the connection was reset')
    if (fate === LATE) arrivesLate = apply
    if (fate === OK) resolve(await apply())
    else if (fate === AFTER && label === 'bundling') {
      own.losing = true
      resolve(await apply())
    } else {
      if (fate === AFTER) await apply()
      reject(lost)
    }
    // Nothing else of a shipper that has failed is sent. What runs beside the tiles is lost as well.
    if (fate === BEFORE || (fate === AFTER && label === 'tiling')) for (const other of held.values()) other.reject(lost)
    if (fate === BEFORE || (fate === AFTER && label === 'tiling')) held.clear()
    await until(() => held.size > 0 || own.isOver, `${name} goes on after ${label}`)
  }

  for (const [at, line] of trace.entries())
    await step(line).catch((error: Error) => {
      throw new Error(`${error.message}\nat step ${at}:\n${trace.slice(0, at + 1).join('\n')}`)
    })
}
