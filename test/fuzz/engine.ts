/**
 * A small fuzzer. It mutates the inputs of a corpus; a target's `run` throws if its oracle is broken, and returns what kind of outcome the
 * input had. An input with a new kind of outcome joins the corpus of the run, so that later inputs go deeper: the refusals of a parser say
 * how far an input came, and no instrumentation is needed. The same seed gives the same inputs.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { randomFrom } from '../differential/generate.ts'

export type Target = {
  readonly name: string
  /** One sentence: what must hold for every input. */
  readonly oracle: string
  readonly seeds: readonly string[]
  /** Words of the format, which the mutator inserts. */
  readonly words: readonly string[]
  /** Throws if the oracle is broken. Returns the kind of the outcome. */
  readonly run: (input: Uint8Array) => string | Promise<string>
}
export type Failure = { readonly input: Buffer; readonly error: Error; readonly execution: number }
export type Report = { readonly executions: number; readonly kinds: number; readonly failure?: Failure }

/** Longer inputs cost time and find nothing that shorter ones do not. */
const MAX_BYTES = 2048
const MAX_CORPUS = 2000
const SHRINKS = 3000
/** How often a new input comes from a seed. What a run keeps are mostly refusals, and many bugs are one change away from an honest input. */
const FROM_SEEDS = 0.25

/** `onNew` gets each input that had a new kind of outcome, if it is not stored yet. */
export async function fuzz(target: Target, executions: number, seed: number, onNew: (input: Buffer) => void = () => {}): Promise<Report> {
  const random = randomFrom(seed)
  const seeds = target.seeds.map((text) => Buffer.from(text))
  const corpus = [...seeds, ...storedCorpus(target.name)]
  const kinds = new Set<string>()
  for (let execution = 0; execution < executions; execution++) {
    const isGiven = execution < corpus.length && execution < MAX_CORPUS
    const parents = random.chance(FROM_SEEDS) ? seeds : corpus
    const input = isGiven && corpus[execution] ? (corpus[execution] as Buffer) : mutated(parents, target.words, random)
    try {
      const ran = target.run(input)
      const kind = typeof ran === 'string' ? ran : await ran
      if (kinds.has(kind)) continue
      kinds.add(kind)
      if (!isGiven) onNew(input)
      if (!isGiven && corpus.length < MAX_CORPUS) corpus.push(input)
    } catch (error) {
      return { executions: execution + 1, kinds: kinds.size, failure: { ...(await shrunk(target, input, error as Error)), execution } }
    }
  }
  return { executions, kinds: kinds.size }
}

type Random = ReturnType<typeof randomFrom>
const INTERESTING = [0, 1, 9, 10, 13, 32, 34, 37, 42, 46, 47, 58, 61, 63, 92, 127, 128, 0xc3, 0xe2, 0xf0, 0xff]

function mutated(corpus: readonly Buffer[], words: readonly string[], random: Random): Buffer {
  let bytes = random.pick(corpus)
  const below = (most: number) => Math.floor(random.next() * most)
  for (let times = 1 + below(4); times > 0; times--) {
    // Formats are often read loosely at their end: padding, a last line, bytes after the last entry.
    const at = random.chance(0.1) ? Math.max(0, bytes.length - below(3)) : below(bytes.length + 1)
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
    const length = Math.min(tail.length, 1 + below(random.chance(0.8) ? 4 : 64))
    switch (below(8)) {
      case 0: // changes a byte
        bytes = Buffer.concat([head, Buffer.of(random.chance(0.5) ? below(256) : random.pick(INTERESTING)), tail.subarray(1)])
        break
      case 1: // flips a bit
        if (tail.length > 0) bytes = Buffer.concat([head, Buffer.of((tail[0] as number) ^ (1 << below(8))), tail.subarray(1)])
        break
      case 2: // removes a range
        bytes = Buffer.concat([head, tail.subarray(length)])
        break
      case 3: // repeats a range
        bytes = Buffer.concat([head, tail.subarray(0, length), tail])
        break
      case 4: // moves a range
        bytes = Buffer.concat([head, tail.subarray(length), tail.subarray(0, length)])
        break
      case 5: // joins two inputs
        bytes = Buffer.concat([head, splice(random.pick(corpus), below)])
        break
      default: // inserts a word, or writes it over what is there
        if (words.length > 0) {
          const word = Buffer.from(random.pick(words))
          bytes = Buffer.concat([head, word, random.chance(0.5) ? tail : tail.subarray(word.length)])
        }
    }
    bytes = bytes.subarray(0, MAX_BYTES)
  }
  return bytes
}
const splice = (other: Buffer, below: (most: number) => number): Buffer => other.subarray(below(other.length + 1))

/** Removes what is not needed for a failure, from large parts to single bytes. */
async function shrunk(target: Target, input: Buffer, error: Error): Promise<Pick<Failure, 'input' | 'error'>> {
  let best = { input, error }
  let tries = 0
  for (let size = Math.max(1, input.length >> 1); size >= 1 && tries < SHRINKS; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at + size <= best.input.length && tries < SHRINKS; ) {
      const less = Buffer.concat([best.input.subarray(0, at), best.input.subarray(at + size)])
      tries++
      const fault = await faultOf(target, less)
      if (fault) best = { input: less, error: fault }
      else at += size
    }
  }
  return best
}

export async function faultOf(target: Target, input: Uint8Array): Promise<Error | undefined> {
  try {
    await target.run(input)
    return undefined
  } catch (error) {
    return error as Error
  }
}

// ── The stored corpus: inputs that once broke an oracle, and one for each of many kinds of outcome ────────────────

const folderOf = (name: string) => fileURLToPath(new URL(`./corpus/${name}`, import.meta.url))

export function storedCorpus(name: string): Buffer[] {
  const folder = folderOf(name)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .map((file) => readFileSync(`${folder}/${file}`))
}

export function store(name: string, input: Uint8Array): string {
  mkdirSync(folderOf(name), { recursive: true })
  const file = `${folderOf(name)}/${createHash('sha256').update(input).digest('hex').slice(0, 16)}`
  writeFileSync(file, input)
  return file
}

/** Broken oracles are errors like all others. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}
