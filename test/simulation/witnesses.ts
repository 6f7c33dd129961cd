/**
 * Witnesses of the log: they take C2SP tlog-witness's `add-checkpoint` and answer it. An honest one cosigns only what continues the last
 * checkpoint that it signed; it can be down for a while. A lying one answers wrongly. Reached over the simulated network, so each can be slow.
 */
import { sign } from 'node:crypto'
import { witnessClient } from '@stint/broker/adapters/witness'
import type { Witness } from '@stint/broker/ports/log'
import { type Checkpoint, openCheckpoint } from '@stint/tlog/checkpoint'
import { verifyConsistency } from '@stint/tlog/merkle'
import { keyIdOf, type NoteKey, parseNote } from '@stint/tlog/note'
import type { Machine, Network } from './network.ts'
import { keyFrom, LOG_SIGNER, publicKeyOf } from './people.ts'
import type { Dice, World } from './world.ts'

type Answer = { readonly status: number; readonly type: string; readonly body: string }

/** As @stint/broker/adapters/https waits. */
const ANSWER_MS = 3000
const plain = (status: number, body = ''): Answer => ({ status, type: 'text/plain', body })

const KEYS = { honest: keyFrom(8), lying: keyFrom(9) } as const
type Kind = keyof typeof KEYS
const noteKeyOf = (kind: Kind): NoteKey => ({ name: `${kind}.witness.example`, kind: 'witness', publicKey: publicKeyOf(KEYS[kind]) })
export const WITNESSES: Readonly<Record<Kind, NoteKey>> = { honest: noteKeyOf('honest'), lying: noteKeyOf('lying') }

function cosignatureOf(kind: Kind, text: string, now: number): string {
  const seconds = Math.floor(now / 1000)
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(BigInt(seconds))
  const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), KEYS[kind])
  const key = WITNESSES[kind]
  return `— ${key.name} ${Buffer.concat([Buffer.from(keyIdOf(key), 'hex'), time, signature]).toString('base64')}\n`
}

export class Witnesses {
  readonly kinds: readonly Kind[]
  /** The latest checkpoint that the honest witness has signed. */
  seen: Checkpoint | undefined
  /** Called if the honest witness refuses a checkpoint because it does not continue what it has seen. */
  onInconsistent: (what: string) => void = () => {}
  readonly #world: World
  readonly #network: Network
  readonly #dice: Dice
  /** The machines that asked the honest one to sign a checkpoint, by its size. */
  readonly #askers = new Map<number, Set<Machine>>()
  /** A liar tells one lie, again and again. */
  readonly #lie: number
  readonly #down: { readonly from: number; readonly to: number }

  constructor(world: World, network: Network) {
    this.#world = world
    this.#network = network
    this.#dice = world.dice('witness')
    this.#lie = this.#dice.int(LIES.length)
    const dice = world.dice('witnesses')
    this.kinds = dice.pick<readonly Kind[]>([[], [], ['honest'], ['honest', 'lying']])
    const from = world.now + dice.int(dice.pick([300, 100_000]))
    this.#down = { from, to: from + dice.pick([0, 0, 5000, 300_000]) }
  }

  /** Whether several machines asked for this checkpoint. The witness signs it for one of them, and any of them can publish it. */
  hasRivals(size: number): boolean {
    return (this.#askers.get(size)?.size ?? 0) > 1
  }

  /** The witnesses as a machine reaches them, each with a client of its own, which has seen nothing yet. */
  on(machine: Machine, reach: (what: string) => void): readonly Witness[] {
    return this.kinds.map((kind) =>
      witnessClient(`https://${WITNESSES[kind].name}`, WITNESSES[kind], (_url, text) =>
        this.#network.exchange<Answer>(machine, {
          step: `witness ${kind}`,
          service: 'witness',
          effect: () => {
            const answer = kind === 'honest' ? this.#honest(machine, text) : this.#lying(text)
            reach(`the ${kind} witness answers ${answer.status}`)
            return answer
          },
          failed: () => plain(500),
          throttled: () => plain(429),
          garbled: (_answer, dice) => dice.pick([plain(200, '<html></html>'), plain(409, '1\n'), plain(200)]),
          deadlineMs: ANSWER_MS,
        }),
      ),
    )
  }

  #honest(machine: Machine, asked: string): Answer {
    const { now } = this.#world
    if (!this.#network.healing && now >= this.#down.from && now < this.#down.to) return plain(503)
    const { old, proof, note } = read(asked)
    const opened = openCheckpoint(note, [LOG_SIGNER.key])
    if (opened.outcome === 'fault') return plain(403)
    const { size, root } = opened.value
    this.#askers.set(size, (this.#askers.get(size) ?? new Set()).add(machine))
    if (Number.isNaN(old) || old > size) return plain(400)
    const has = this.seen?.size ?? 0
    if (old !== has) return { status: 409, type: 'text/x.tlog.size', body: `${has}\n` }
    if (this.seen && !verifyConsistency(has, size, this.seen.root, root, proof)) {
      this.onInconsistent(`a checkpoint of ${size} entries does not continue the one of ${has} that a witness has signed`)
      return plain(422)
    }
    this.seen = opened.value
    return plain(200, cosignatureOf('honest', textOf(note), now))
  }

  #lying(asked: string): Answer {
    const text = textOf(read(asked).note)
    const good = cosignatureOf('lying', text, this.#world.now)
    const lie = LIES[this.#lie] as Lie
    return lie({ good, other: cosignatureOf('lying', text.replace(/\n\d+\n/, '\n1\n'), this.#world.now), dice: this.#dice })
  }
}

type Told = { readonly good: string; readonly other: string; readonly dice: Dice }
type Lie = (told: Told) => Answer
const has = (size: number): Answer => ({ status: 409, type: 'text/x.tlog.size', body: `${size}\n` })
/** Lines that a checkpoint must not get, and sizes that no witness can have seen. */
const LIES: readonly Lie[] = [
  ({ other }) => plain(200, other),
  ({ good }) => plain(200, good.replace(WITNESSES.lying.name, WITNESSES.honest.name)),
  ({ good }) => plain(200, `${good}${good.replace(WITNESSES.lying.name, 'stranger.example')}`),
  ({ good }) => plain(200, good.repeat(20)),
  ({ dice }) => has(dice.int(1000)),
  () => has(Number.MAX_SAFE_INTEGER),
  () => plain(422),
]

function read(asked: string): { readonly old: number; readonly proof: readonly Uint8Array[]; readonly note: string } {
  const end = asked.indexOf('\n\n')
  const [first = '', ...proof] = asked.slice(0, end).split('\n')
  const old = Number(/^old (\d+)$/.exec(first)?.[1] ?? Number.NaN)
  return { old, proof: proof.map((line) => Buffer.from(line, 'base64')), note: asked.slice(end + 2) }
}
const textOf = (note: string): string => parseNote(note)?.text ?? ''
