/**
 * Machines, and the network between them and the services. Every exchange has a fate, drawn from the dice of the call that makes it: it may
 * be slow, be lost before or after its effect, hang, arrive late or twice, be throttled, fail, or come back as something else; and the
 * machine that made it may crash or be paused meanwhile.
 */
import { Count } from './count.ts'
import { type Dice, diceOf, type World } from './world.ts'

export const FATES = [
  'works',
  'lost-before',
  'lost-after',
  'fails-before',
  'fails-after',
  'throttled',
  'hangs-before',
  'hangs-after',
  'late',
  'twice',
  'garbled',
] as const
export type Fate = (typeof FATES)[number]

/** How often things fail in a schedule, as probabilities of one exchange, and how far clocks and indexes are off, in milliseconds. */
export type Conditions = {
  readonly broken: number
  /** The same for calls of single services. The higher probability counts. */
  readonly of: Readonly<Record<string, { readonly broken: number; readonly crash: number }>>
  readonly slow: number
  readonly crash: number
  readonly pause: number
  readonly skewMs: number
  readonly clockJump: number
  readonly indexLagMs: number
  readonly streamLoss: number
  readonly outages: readonly Outage[]
}
type Outage = { readonly from: number; readonly to: number; readonly service: string | undefined }

/** A fault as it happened: its name is the same in every run of the seed, so that it can be taken away. */
export type Injected = { readonly name: string; readonly what: string; readonly step: string; readonly at: number }

/** What a call of a service does, and what a service that fails answers. */
export type Exchange<T> = {
  /** For the story and the matrix: `reserve`, `AssumeRole`. */
  readonly step: string
  readonly service: string
  /** What the service does. What it throws is an answer too. */
  readonly effect: () => T
  readonly failed: () => T
  readonly throttled: () => T
  /** An answer in the protocol of the service that is not the answer to this call. */
  readonly garbled: (answer: T, dice: Dice) => T
  readonly deadlineMs?: number
  /** What Stint relies on: a call takes effect at most this late, and not again once it was answered. */
  readonly mostLateMs?: number
}

export type Machine = {
  readonly name: string
  readonly kind: string
  alive: boolean
  busy: boolean
  skewMs: number
  readonly pace: number
  /** The config that is deployed on it: an index. */
  readonly release: number
  /** The call that it works on: dice and a name of its own, and how many exchanges it has made. */
  call: Call
  onDeath: (() => void) | undefined
}

/** `lost`: steps whose effect took place and whose answer was lost. `returned`: those whose repetition then met their own effect. */
export type Call = {
  readonly name: string
  readonly dice: Dice
  made: number
  readonly lost: Set<string>
  readonly returned: Set<string>
  /** After how many exchanges the clock stands still at an edge, if it does; undefined until it is near one. */
  standsAfter?: number
}

export class Network {
  readonly #world: World
  readonly #conditions: Conditions
  readonly #without: ReadonlySet<string>
  #quietSince: number | undefined
  readonly injected: Injected[] = []
  /**
   * What went wrong in a call without a fault that can be taken away: AWS refused it although it was in order, or its slow machine had no
   * response by the deadline.
   */
  readonly mishaps: Injected[] = []
  /** Fault and step, and how often. */
  readonly matrix = new Count()
  /** The call whose effect takes place, and whether it still waits for the response. */
  acting: Call | undefined
  isAwaited = false

  constructor(world: World, conditions: Conditions, without: ReadonlySet<string>) {
    this.#world = world
    this.#conditions = conditions
    this.#without = without
  }

  crash(machine: Machine, where: string): void {
    if (!machine.alive) return
    machine.alive = false
    this.#world.say(`${machine.name} dies ${where}`)
    const { onDeath } = machine
    if (onDeath) this.#world.after(1, onDeath)
  }

  /** Nothing fails any more. What failed before can still be under way. */
  get healing(): boolean {
    return this.#quietSince !== undefined
  }
  set healing(is: boolean) {
    this.#quietSince = is ? (this.#quietSince ?? this.#world.now) : undefined
  }
  /** For how long nothing has failed. */
  get quietMs(): number {
    return this.#quietSince === undefined ? 0 : this.#world.now - this.#quietSince
  }

  /** Resolves or rejects as the exchange ends, and never if the machine dies. */
  exchange<T>(machine: Machine, { step, service, effect, failed, throttled, garbled, deadlineMs, mostLateMs }: Exchange<T>): Promise<T> {
    const [world, { call }] = [this.#world, machine]
    const { dice } = call
    const name = `${call.name}/${call.made++}`
    const drawn = this.#draw(dice, service)
    const lateMs = Math.min(drawn.lateMs, mostLateMs ?? drawn.lateMs)
    const fate = this.#take(drawn.fate !== 'works', `${name}/fate`, drawn.fate, step) ? drawn.fate : 'works'
    const isSlow = this.#take(drawn.slowMs > 0, `${name}/slow`, 'slow', step)
    const pauses = this.#take(drawn.pauseMs > 0, `${name}/pause`, 'pause', step)
    const pace = this.healing ? 1 : machine.pace
    const there = drawn.thereMs * pace + (isSlow && drawn.slowThere ? drawn.slowMs : 0) + (fate === 'late' ? lateMs : 0)
    const back = drawn.backMs * pace + (isSlow && !drawn.slowThere ? drawn.slowMs : 0) + (pauses ? drawn.pauseMs : 0)
    if (drawn.crashAt !== undefined && !this.healing) {
      const at = Math.floor(drawn.crashAt * (there + back + 2))
      const moment = at <= there ? 'before' : 'after'
      if (this.#take(true, `${name}/crash`, `crash-${moment}`, step))
        world.after(at, () => machine.call === call && this.crash(machine, `${moment} ${step}`))
    }
    return new Promise<T>((resolve, reject) => {
      let over = false
      const end = (run: () => void) => {
        if (over || !machine.alive) return
        over = true
        if (deadline) deadline.cancelled = true
        run()
      }
      // The product's own deadline. What arrives later has its effect all the same.
      const deadline =
        deadlineMs === undefined
          ? undefined
          : world.after(deadlineMs, () => {
              if (!over && pace > 1) this.mishaps.push({ name: `${name}/pace`, what: 'slow machine', step, at: world.now })
              end(() => reject(named('TimeoutError', `no complete response within ${deadlineMs} ms`)))
            })
      const answer = (run: () => void) => void world.after(back, () => end(run))
      const settle = (make: () => T) => {
        try {
          const value = make()
          answer(() => resolve(value))
        } catch (error) {
          answer(() => reject(error))
        }
      }
      // A late send leaves its sender without an answer.
      if (fate === 'late')
        world.after(drawn.thereMs + drawn.backMs, () => end(() => reject(named('ECONNRESET', 'the connection was closed'))))
      world.after(there, () => {
        if (fate === 'lost-before') return answer(() => reject(named('ECONNRESET', 'the connection was closed')))
        if (fate === 'hangs-before') return
        if (fate === 'fails-before') return settle(failed)
        if (fate === 'throttled') return settle(throttled)
        let outcome: () => T
        this.acting = call
        this.isAwaited = !over
        try {
          const value = effect()
          outcome = () => value
          world.say(`${machine.name} ${step}${fate === 'works' ? '' : ` (${fate})`}`)
        } catch (error) {
          if (call.lost.has(step) && (error as Error).name === 'ConditionalCheckFailedException') call.returned.add(step)
          outcome = () => {
            throw error
          }
          world.say(`${machine.name} ${step}: ${(error as Error).name}${fate === 'works' ? '' : ` (${fate})`}`)
        }
        if (fate === 'twice')
          world.after(mostLateMs === undefined ? lateMs : 0, () => {
            world.say(`${machine.name} ${step} arrives again`)
            this.acting = call
            this.isAwaited = false
            try {
              effect()
            } catch {
              // No caller waits for this answer.
            }
          })
        if (fate === 'lost-after' || fate === 'hangs-after' || fate === 'fails-after') call.lost.add(step)
        if (fate === 'hangs-after' || fate === 'late') return
        if (fate === 'lost-after') return answer(() => reject(named('ECONNRESET', 'the connection was closed')))
        if (fate === 'fails-after') return settle(failed)
        settle(fate === 'garbled' ? () => garbled(outcome(), dice) : outcome)
      })
    })
  }

  /** Whether the clock of the machine that makes this call stands still at an edge: from its beginning on, or from a later exchange on. */
  clockStands(call: Call): boolean {
    call.standsAfter ??= this.#standsAfter(call.name)
    return call.made >= call.standsAfter && !this.healing
  }

  #standsAfter(call: string): number {
    const dice = diceOf(this.#world.seed, `${call} clock`)
    const stands = this.#take(dice.chance(0.7), `${call}/clock`, 'stands', 'clock')
    return stands ? dice.pick([0, 0, 0, 1, 2, 3, 4]) : Number.POSITIVE_INFINITY
  }

  /** Everything is drawn whether or not it happens, so that a fault that is taken away changes no other draw. */
  #draw(dice: Dice, service: string) {
    const { slow, pause, outages, ...all } = this.#conditions
    const more = all.of[service] ?? all
    const [broken, crash] = [Math.max(all.broken, more.broken), Math.max(all.crash, more.crash)]
    const { now } = this.#world
    const isDown = outages.some(({ from, to, service: of }) => now >= from && now < to && (of === undefined || of === service))
    const isBroken = dice.chance(isDown ? 0.85 : broken)
    const fate = dice.pick(FATES.slice(1))
    const [isSlow, slowMs, slowThere] = [dice.chance(slow), dice.pick([400, 700, 1500, 4000]), dice.chance(0.5)]
    const [crashes, crashAt] = [dice.chance(crash), dice.int(1000) / 1000]
    const [pauses, pauseMs] = [dice.chance(pause), dice.pick([5000, 20_000, 95_000])]
    const latency = () => 1 + dice.int(dice.chance(0.1) ? 120 : 12)
    return {
      fate: isBroken ? fate : ('works' as const),
      slowMs: isSlow ? slowMs : 0,
      slowThere,
      crashAt: crashes ? crashAt : undefined,
      pauseMs: pauses ? pauseMs : 0,
      lateMs: dice.pick([50, 1000, 30_000, 100_000]),
      thereMs: latency(),
      backMs: latency(),
    }
  }
  /** Whether a fault that was drawn happens. */
  #take(isDrawn: boolean, name: string, what: string, step: string): boolean {
    if (!isDrawn || this.healing || this.#without.has(name)) return false
    this.injected.push({ name, what, step, at: this.#world.now })
    this.matrix.add(`${what} × ${step}`)
    return true
  }
}

const named = (code: string, message: string): Error =>
  Object.assign(new Error(message), { name: code === 'TimeoutError' ? code : 'Error', code })
