/** The commands of `stint audit`: read flags, print a report, set the exit code. The other files of this folder do the work. */
import { randomBytes } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import { setFlagsFromString } from 'node:v8'
import type { ErasableId } from '@stint/broker/log/erase'
import { checkReceipt } from '@stint/core/audit/receipt'
import { parseRequestId } from '@stint/core/ids'
import { openCheckpoint, parseCheckpointText } from '@stint/tlog/checkpoint'
import { type NoteKey, parseNote, parseVkey } from '@stint/tlog/note'
import type { Context } from '../context.ts'
import { exitCode } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import { end } from '../frame/run.ts'
import { forPeople, jsonLine, shownLine } from '../output.ts'
import { copyLog } from './copy.ts'
import { csvHead, csvLine, exportEvents, ndjsonLine } from './export.ts'
import { memoryFile, placeFile, recall, remember } from './memory.ts'
import { sourceFrom } from './open-log.ts'
import { progressBar } from './progress.ts'
import { readTrail, reconcile, reconciledText, Sessions } from './reconcile.ts'
import { classes, gravest, reportText } from './report.ts'
import { type LogSource, Unreachable } from './sources.ts'
import { type VerifyReport, verify } from './verify/verify.ts'

/** Invalid usage. */
class Usage extends Failure {
  constructor(message: string) {
    super('usage', message)
  }
}

/** Errors of the environment become failures. A bug is thrown. */
async function guarded(context: Context, work: () => Promise<number>): Promise<void> {
  context.process.exitCode = await end(context, {}, async () => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof SyntaxError) throw new Failure('usage', error.message)
      throw isOutside(error) ? new Failure('unreachable', (error as Error).message) : error
    }
  })
}

/** Errors of the environment, and not of this program. */
const isOutside = (error: unknown): boolean =>
  error instanceof Unreachable ||
  ['Trouble', 'Halt'].includes((error as Error).constructor.name) ||
  typeof (error as NodeJS.ErrnoException).syscall === 'string'

type Trust = { readonly vkey?: readonly string[]; readonly witness?: readonly string[]; readonly quorum: number }

const keysFrom = (vkeys: readonly string[]): readonly NoteKey[] =>
  vkeys.map((vkey) => {
    const key = parseVkey(vkey)
    if (!key) throw new Usage(`'${vkey}' is not a valid vkey of an Ed25519 key.`)
    return key
  })

/** What is known about a log: its key, and the checkpoint that it must continue. A given key has priority over the stored one. */
async function knownOf(source: LogSource, vkey: readonly string[] | undefined, env: NodeJS.ProcessEnv) {
  const memory = await recall(memoryFile(await nameOf(source), env))
  return {
    keys: keysFrom(vkey ?? memory?.vkeys ?? []),
    ...(memory ? { remembered: { size: memory.size, root: Buffer.from(memory.root, 'base64') } } : {}),
    /** The user gave the key, now or before. It was not taken from the log. */
    trusted: vkey !== undefined || memory?.trusted === true,
  }
}

/** The name that the log states for itself, used only to find its stored checkpoint. */
async function nameOf(source: LogSource): Promise<string> {
  const bytes = await source.get('checkpoint')
  const note = bytes && parseNote(Buffer.from(bytes).toString('utf8'))
  return (note && parseCheckpointText(note.text)?.origin) ?? ''
}

// ── verify ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type VerifyFlags = Trust & {
  readonly from: string
  readonly tokenFile?: string
  readonly table?: string
  readonly region?: string
  readonly remember?: string
  readonly forget: boolean
  readonly tilesOnly: boolean
  readonly json: boolean
}

export function verifyCommand(this: Context, flags: VerifyFlags): Promise<void> {
  const { stdout, stderr, env } = this.process
  // Long-lived objects are small here, and large ones die at once. A growing young generation would only keep them longer.
  setFlagsFromString('--semi-space-growth-factor=1')
  return guarded(this, async () => {
    const whole = await sourceFrom(flags.from, flags.tokenFile, this)
    const source = flags.tilesOnly ? { ...whole, hasEvents: false } : whole
    const origin = await nameOf(source)
    const file = flags.remember ?? memoryFile(origin, env)
    const memory = flags.forget ? undefined : await recall(file)
    // A different log at a path or URL where one was verified before is not trusted, whatever its name.
    const place = placeFile(/^https?:/.test(flags.from) ? flags.from : resolve(flags.from), env)
    const before = flags.forget || flags.remember ? undefined : await recall(place)
    const keys = keysFrom(flags.vkey ?? memory?.vkeys ?? [])
    const bar = progressBar(stderr)
    const verified = await verify({
      source,
      keys,
      witnesses: keysFrom(flags.witness ?? []),
      quorum: flags.quorum,
      ...(memory ? { remembered: { size: memory.size, root: Buffer.from(memory.root, 'base64') } } : {}),
      ...(flags.table === undefined ? {} : { table: await tableOf(flags.table, regionOf(flags.region, env)) }),
      now: Date.now(),
      onProgress: bar.show,
    })
    bar.clear()
    const trusted = flags.vkey !== undefined || memory?.trusted === true
    const report = before && before.origin !== origin ? otherLog(verified, before.origin) : { ...verified, keyUntrusted: !trusted }
    const worst = gravest(report.faults)
    stdout.write(flags.json ? jsonLine({ ...report, root: Buffer.from(report.root).toString('base64') }) : forPeople(reportText(report)))
    if (!flags.forget && worst !== 'tampered' && worst !== 'unreadable') {
      const seen = {
        trusted,
        origin: report.origin,
        vkeys: keys.length > 0 ? (flags.vkey ?? memory?.vkeys ?? []) : [report.vkey],
        size: report.size,
        root: Buffer.from(report.root).toString('base64'),
        verifiedAt: new Date().toISOString(),
      }
      await remember(file, seen)
      if (!flags.remember) await remember(place, seen)
    }
    return worst === undefined ? 0 : classes[worst].exit
  })
}

/** The report for a log that differs from the one verified here before. */
const otherLog = (report: VerifyReport, origin: string): VerifyReport => ({
  ...report,
  faults: [
    {
      class: 'tampered',
      place: 'checkpoint',
      what: `another log: ${origin} was verified here before, but this log is ${report.origin}`,
    },
    ...report.faults,
  ],
  faultCount: report.faultCount + 1,
})

async function tableOf(storyTable: string, region: string) {
  const [{ tableClient }, { allJournals }] = await Promise.all([
    import('./aws.ts'),
    import('@stint/broker/adapters/dynamodb/journal-reader'),
  ])
  return allJournals({ client: tableClient(region), storyTable })
}

// ── erase, rebuild ───────────────────────────────────────────────────────────────────────────────────────────────────

type EraseFlags = {
  readonly request?: readonly string[]
  readonly issuer?: string
  readonly subject?: string
  readonly operator: string
  readonly justification: string
  readonly table: string
  readonly sideTable: string
  readonly eventsBucket: string
  readonly region?: string
  readonly yes: boolean
}

export function eraseCommand(this: Context, flags: EraseFlags): Promise<void> {
  const { stdout, stderr, env } = this.process
  return guarded(this, async () => {
    const [{ erase }, { erasureOn }] = await Promise.all([import('@stint/broker/log/erase'), import('./aws.ts')])
    const parts = erasureOn(regionOf(flags.region, env), flags, env)
    const named = (flags.request ?? []).map((text) => {
      const id: ErasableId | undefined = /^lnk_[0-9a-z]{26}$/.test(text) ? (text as ErasableId) : parseRequestId(text)
      if (!id) throw new Usage(`'${text}' is not a valid request ID.`)
      return id
    })
    if ((flags.issuer === undefined) !== (flags.subject === undefined)) throw new Usage('Use --issuer and --subject together.')
    const { issuer, subject } = flags
    const found = issuer !== undefined && subject !== undefined ? await parts.requestsOf(issuer, subject) : []
    const requests = [...new Set([...named, ...found])]
    if (requests.length === 0) throw new Usage('Nothing to erase. Pass --request, or --issuer and --subject of a caller with requests.')
    if (!flags.yes) {
      stdout.write(`${requests.join('\n')}\n`)
      stderr.write(`${requests.length} requests would be erased. This cannot be undone. To erase them, run the command again with --yes.\n`)
      return 0
    }
    let refusals = 0
    for (const request of requests) {
      const erased = await erase(parts, { request, operator: flags.operator, justification: flags.justification }, Date.now())
      if (erased.outcome === 'refused') {
        refusals++
        stderr.write(`${request} not erased: ${shownLine(erased.detail)}\n`)
      } else stdout.write(`${request} erased: ${erased.value} events\n`)
    }
    return refusals > 0 ? exitCode('failed') : 0
  })
}

type RebuildFlags = { readonly from: string; readonly tokenFile?: string; readonly sideTable: string; readonly region?: string }

export function rebuildCommand(this: Context, flags: RebuildFlags): Promise<void> {
  const { stdout, env } = this.process
  return guarded(this, async () => {
    const [{ rebuild }, { sideState }] = await Promise.all([import('./rebuild.ts'), import('./aws.ts')])
    const source = await sourceFrom(flags.from, flags.tokenFile, this)
    if (!source.hasEvents) throw new Usage('This command needs the events. Pass a copy with events, or the token of an auditor.')
    const known = await knownOf(source, undefined, env)
    const state = sideState(regionOf(flags.region, env), flags.sideTable)
    const rebuilt = await rebuild(source, known, state, Date.now())
    stdout.write(`${rebuilt.rows} look-up rows of ${rebuilt.events} events written\n`)
    return 0
  })
}

// ── restore ──────────────────────────────────────────────────────────────────────────────────────────────────────────

type RestoreFlags = {
  readonly from: string
  readonly tokenFile?: string
  readonly vkey?: readonly string[]
  readonly operator?: string
  readonly table: string
  readonly region?: string
  readonly yes: boolean
}

export function restoreCommand(this: Context, flags: RestoreFlags): Promise<void> {
  const { stdout, env } = this.process
  return guarded(this, async () => {
    const [{ givenText, lostOf }, { giveBack, givingBack }, { itemReader }, { tableClient }] = await Promise.all([
      import('./restore.ts'),
      import('@stint/broker/adapters/dynamodb/restore'),
      import('@stint/broker/adapters/dynamodb/journal-reader'),
      import('./aws.ts'),
    ])
    const source = await sourceFrom(flags.from, flags.tokenFile, this)
    if (!source.hasEvents) throw new Usage('This command needs the events. Pass a copy with events, or the token of an auditor.')
    const { trusted, ...known } = await knownOf(source, flags.vkey, env)
    if (flags.yes && !trusted)
      throw new Usage('The key comes from the log itself and is not trusted. Pass --vkey, here or to stint audit verify.')
    if (flags.yes && flags.operator === undefined) throw new Usage('Missing --operator, which each restored journal records.')
    const now = Date.now()
    const restoring = { operator: flags.operator ?? '', now, random: (count: number) => randomBytes(count) }
    const region = regionOf(flags.region, env)
    const lost = await lostOf(source, { ...known, table: await tableOf(flags.table, region), now })
    const story = { client: tableClient(region), storyTable: flags.table }
    const item = itemReader(story)
    const counts = { lost: 0, left: 0 }
    for (const one of lost) {
      const giving = givingBack(one, await item(one.id), restoring)
      // The table has this journal again since the comparison.
      if (!giving) continue
      const given = !flags.yes || (await giveBack(story, giving))
      counts.lost++
      if (!given) counts.left++
      stdout.write(
        `${shownLine(one.id)}  ${givenText(one.id, giving, now)}${given ? '' : ': changed meanwhile and skipped. Run the command again.'}\n`,
      )
    }
    const done = counts.left > 0 ? `had lost; ${counts.left} were skipped` : 'had lost'
    stdout.write(`${counts.lost} items of the log that the table ${flags.yes ? done : 'lost. To restore them, use --yes.'}\n`)
    return counts.left > 0 ? exitCode('failed') : 0
  })
}

function regionOf(region: string | undefined, env: NodeJS.ProcessEnv): string {
  const found = region ?? env.AWS_REGION
  if (!found) throw new Usage('Missing region. Set --region or $AWS_REGION.')
  return found
}

// ── reconcile ────────────────────────────────────────────────────────────────────────────────────────────────────────

type ReconcileFlags = {
  readonly from: string
  readonly tokenFile?: string
  readonly vkey?: readonly string[]
  readonly trail: readonly string[]
  readonly role?: readonly string[]
  readonly json: boolean
}

export function reconcileCommand(this: Context, flags: ReconcileFlags): Promise<void> {
  const { stdout, stderr, env } = this.process
  return guarded(this, async () => {
    const source = await sourceFrom(flags.from, flags.tokenFile, this)
    if (!source.hasEvents) throw new Usage('This command needs the events. Pass a copy with events, or the token of an auditor.')
    const known = await knownOf(source, flags.vkey, env)
    const sessions = new Sessions()
    const report = await verify({
      ...known,
      source,
      now: Date.now(),
      onEvent: (event) => sessions.take(event),
    })
    const worst = gravest(report.faults)
    if (worst !== undefined) {
      stderr.write(
        `stint: The log is invalid (${shownLine(`${report.faults[0]?.place}: ${report.faults[0]?.what}`, 2000)}). Run stint audit verify.\n`,
      )
      return classes[worst].exit
    }
    const reconciled = await reconcile(sessions, readTrail(flags.trail), flags.role ?? [])
    stdout.write(flags.json ? jsonLine(reconciled) : forPeople(reconciledText(reconciled)))
    return reconciled.findings.length > 0 ? exitCode('failed') : 0
  })
}

// ── copy ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function copyCommand(
  this: Context,
  flags: { readonly from: string; readonly tokenFile?: string; readonly to: string },
): Promise<void> {
  const { stdout, stderr } = this.process
  return guarded(this, async () => {
    const source = await sourceFrom(flags.from, flags.tokenFile, this)
    const bar = progressBar(stderr)
    const { size, fetched, kept } = await copyLog(source, flags.to, bar.show)
    bar.clear()
    stdout.write(`${size} entries in ${flags.to}: ${fetched} objects fetched, ${kept} already present\n`)
    return 0
  })
}

// ── receipt ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export function receiptCommand(this: Context, flags: Trust & { readonly json: boolean }, file: string): Promise<void> {
  const { stdout, stderr, stdin } = this.process
  return guarded(this, async () => {
    if (!flags.vkey) throw new Usage('Missing --vkey: the key of the log, from a source other than the receipt.')
    const proof = file === '-' ? await textOf(stdin) : await readFile(file, 'utf8')
    const receipt = checkReceipt(proof, keysFrom(flags.vkey), keysFrom(flags.witness ?? []))
    if (typeof receipt === 'string') {
      stderr.write(`stint: Not verified. ${shownLine(receipt)}\n`)
      return exitCode('failed')
    }
    const { index, entry, checkpoint } = receipt
    if (checkpoint.witnesses.length < flags.quorum) {
      stderr.write(`stint: Not verified. ${checkpoint.witnesses.length} witnesses have signed, but ${flags.quorum} are required.\n`)
      return exitCode('failed')
    }
    const event = JSON.parse(receipt.event) as object
    const witnesses = checkpoint.witnesses.length > 0 ? `, witnessed by ${shownLine(checkpoint.witnesses.join(', '))}` : ''
    stdout.write(
      flags.json
        ? jsonLine({
            id: `${entry.request}/${entry.seq}`,
            index,
            size: checkpoint.size,
            origin: checkpoint.origin,
            witnesses: checkpoint.witnesses,
            event,
          })
        : `Verified: entry ${index} of ${checkpoint.size} in ${shownLine(checkpoint.origin)}${witnesses}.\n\n${jsonLine(event, 2)}`,
    )
    return 0
  })
}

// ── export ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type ExportFlags = {
  readonly from: string
  readonly tokenFile?: string
  readonly vkey?: readonly string[]
  readonly since?: number
  readonly until?: number
  readonly format: 'ndjson' | 'csv'
  readonly out: string
}

export function exportCommand(this: Context, flags: ExportFlags): Promise<void> {
  const { stdout, stderr, env } = this.process
  return guarded(this, async () => {
    const source = await sourceFrom(flags.from, flags.tokenFile, this)
    const bytes = await source.get('checkpoint')
    const note = bytes === undefined ? '' : Buffer.from(bytes).toString('utf8')
    const { keys } = await knownOf(source, flags.vkey, env)
    if (keys.length === 0) throw new Usage('Missing key. Run stint audit verify first, or pass --vkey.')
    const opened = openCheckpoint(note, keys)
    if (opened.outcome === 'fault') throw new Unreachable(`The checkpoint in ${flags.from} is ${opened.fault}.`)
    const { size } = opened.value
    const out = flags.out === '-' ? stdout : (await newFile(flags.out)).createWriteStream()
    const write = async (line: string) => void (out.write(line) || (await new Promise((resolve) => out.once('drain', resolve))))
    let count = 0
    if (flags.format === 'csv') await write(csvHead())
    let erased = 0
    const period = { since: flags.since ?? 0, until: flags.until ?? Number.POSITIVE_INFINITY }
    for await (const exported of exportEvents(source, { note, keys, size }, period)) {
      if (exported === 'erased') {
        erased++
        continue
      }
      await write(flags.format === 'csv' ? csvLine(exported) : ndjsonLine(exported))
      count++
    }
    if (out !== stdout) {
      out.end()
      await finished(out)
    }
    stderr.write(`${count} events, each verified against the checkpoint of ${size} entries; ${erased} events in the log are erased\n`)
    return 0
  })
}

const newFile = (path: string) =>
  open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? new Usage(`${path} already exists. Choose another file.`) : error
  })
