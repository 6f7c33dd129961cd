/** The commands of `stint audit` that only read: they print a report and return the exit code. */
import { open, readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import { setFlagsFromString } from 'node:v8'
import { checkReceipt } from '@stint/core/audit/receipt'
import { openCheckpoint } from '@stint/tlog/checkpoint'
import { parseVkey } from '@stint/tlog/note'
import type { Context } from '../context.ts'
import { exitCode } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { TalkFlags } from '../frame/flags.ts'
import { forPeople, jsonLine, shownLine } from '../output.ts'
import {
  guarded,
  journalsOf,
  keysFrom,
  knownOf,
  type LogFlags,
  logWithEvents,
  nameOf,
  placeOf,
  regionOf,
  type Trust,
  Usage,
} from './common.ts'
import { copyLog } from './copy.ts'
import { csvHead, csvLine, exportEvents, ndjsonLine } from './export.ts'
import { memoryFile, recall, remember } from './memory.ts'
import { sourceFrom } from './open-log.ts'
import { progressBar } from './progress.ts'
import { classes, gravest, reportText } from './report.ts'
import { Unreachable } from './sources.ts'
import { reconcile } from './trail/reconcile.ts'
import { readTrail } from './trail/records.ts'
import { reconciledText } from './trail/report.ts'
import { Sessions, shortRole } from './trail/sessions.ts'
import { type VerifyReport, verify } from './verify/verify.ts'

// ── verify ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type VerifyFlags = Omit<LogFlags, 'from'> &
  Trust & {
    /** One log, or one for each cell (docs/decisions/0015-cells.md). */
    readonly from: readonly string[]
    readonly table?: string
    readonly region?: string
    readonly remember?: string
    readonly forget: boolean
    readonly tilesOnly: boolean
  }

export function verifyCommand(context: Context, flags: VerifyFlags): Promise<number> {
  const { stdout } = context.process
  // Long-lived objects are small here, and large ones die at once. A growing young generation would only keep them longer.
  setFlagsFromString('--semi-space-growth-factor=1')
  const [from = '', ...others] = flags.from
  return guarded(async () => {
    keysFrom(flags.vkey ?? [])
    if (others.length > 0) return verifySeveral(context, flags)
    const report = await verifyOne(context, flags, from)
    stdout.write(flags.json ? jsonLine(shownReport(report)) : forPeople(reportText(report)))
    return exitOf(report)
  })
}

const exitOf = ({ faults }: VerifyReport): number => {
  const worst = gravest(faults)
  return worst === undefined ? 0 : classes[worst].exit
}
const shownReport = (report: VerifyReport) => ({ ...report, root: Buffer.from(report.root).toString('base64') })

/** The first that occurs is the exit code of several logs. Any other failure, such as a missing sign-in, comes last. */
const exitOrder = Object.values(classes).map(({ exit }) => exit)

/**
 * One after the other, each with its own stored checkpoint. A log that is unreachable does not keep the others from being verified. With
 * `--vkey`, each log must be signed by one of the keys, whose name says which log it belongs to.
 */
async function verifySeveral(context: Context, flags: VerifyFlags): Promise<number> {
  const { stdout } = context.process
  if (flags.table !== undefined) throw new Usage('--table belongs to one log. Verify each log with its table in a run of its own.')
  if (flags.remember !== undefined)
    throw new Usage('--remember is a file about one log. Leave it out, or verify each log in a run of its own.')
  const logs: object[] = []
  const codes: number[] = []
  const earlier: VerifyReport[] = []
  for (const from of flags.from) {
    const title = `${shownLine(from)}:\n`
    try {
      const report = await guarded(() => verifyOne(context, flags, from, earlier))
      earlier.push(report)
      logs.push({ from, ...shownReport(report) })
      codes.push(exitOf(report))
      if (!flags.json) stdout.write(`${title}${forPeople(reportText(report))}\n`)
    } catch (error) {
      if (!(error instanceof Failure) || error.exit === 'usage') throw error
      const exit = exitCode(error.exit)
      logs.push({ from, error: { exit, message: error.message } })
      codes.push(exit)
      if (!flags.json) stdout.write(`${title}Not verified. ${shownLine(error.message, 2000)}\n\n`)
    }
  }
  const verified = codes.filter((code) => code === 0).length
  stdout.write(flags.json ? jsonLine({ logs }) : `${verified} of ${codes.length} logs verified without faults.\n`)
  return exitOrder.find((code) => codes.includes(code)) ?? codes.find((code) => code !== 0) ?? 0
}

/** `earlier`: the reports of the other logs of this run. What is found without a fault is remembered. */
async function verifyOne(context: Context, flags: VerifyFlags, from: string, earlier: readonly VerifyReport[] = []): Promise<VerifyReport> {
  const { stderr, env } = context.process
  const whole = await sourceFrom(from, flags.tokenFile, context)
  const source = flags.tilesOnly ? { ...whole, hasEvents: false } : whole
  const origin = await nameOf(source)
  const file = flags.remember ?? memoryFile(origin, env)
  const memory = flags.forget ? undefined : await recall(file)
  // A different log at a path or URL where one was verified before is not trusted, whatever its name.
  const place = placeOf(from, env)
  const before = flags.forget || flags.remember ? undefined : await recall(place)
  const keys = keysFrom(flags.vkey ?? memory?.vkeys ?? [])
  const bar = progressBar(stderr, flags.quiet)
  const verified = await verify({
    source,
    keys,
    witnesses: keysFrom(flags.witness ?? []),
    quorum: flags.quorum,
    ...(memory ? { remembered: { size: memory.size, root: Buffer.from(memory.root, 'base64') } } : {}),
    ...(flags.table === undefined ? {} : { table: await journalsOf(flags.table, regionOf(flags.region, env)) }),
    now: Date.now(),
    onProgress: bar.show,
  })
  bar.clear()
  const trusted = flags.vkey !== undefined || memory?.trusted === true
  const found =
    before && before.origin !== origin
      ? suspect(verified, `another log: ${before.origin} was verified here before, but this log is ${verified.origin}`)
      : { ...verified, keyUntrusted: !trusted }
  const shared = sharedWith(found, earlier)
  const report = shared === undefined ? found : suspect(found, shared)
  const worst = gravest(report.faults)
  if (!flags.forget && worst !== 'tampered' && worst !== 'unreadable') {
    // Only its own keys: with several logs, --vkey has those of the others too.
    const own = (vkey: string) => parseVkey(vkey)?.name === report.origin
    const seen = {
      trusted,
      origin: report.origin,
      vkeys: keys.length > 0 ? (flags.vkey ?? memory?.vkeys ?? []).filter(own) : [report.vkey],
      size: report.size,
      root: Buffer.from(report.root).toString('base64'),
      verifiedAt: new Date().toISOString(),
    }
    await remember(file, seen)
    if (!flags.remember) await remember(place, seen)
  }
  return report
}

/** What this log has in common with another log of the run, which no two logs may. */
function sharedWith(report: VerifyReport, earlier: readonly VerifyReport[]): string | undefined {
  const publicKey = (vkey: string) => Buffer.from(parseVkey(vkey)?.publicKey ?? []).toString('hex')
  const own = publicKey(report.vkey)
  for (const { origin, vkey } of earlier) {
    if (report.origin === '' || origin === '') continue
    if (report.origin === origin) return `the same log as another one of this run: both are ${origin}`
    if (own === publicKey(vkey)) return `signed with the key of another log, ${origin}`
  }
  return undefined
}

/** The report of a log that is not the one it should be. */
const suspect = (report: VerifyReport, what: string): VerifyReport => ({
  ...report,
  faults: [{ class: 'tampered', place: 'checkpoint', what }, ...report.faults],
  faultCount: report.faultCount + 1,
})

// ── reconcile ────────────────────────────────────────────────────────────────────────────────────────────────────────

type ReconcileFlags = LogFlags & {
  readonly vkey?: readonly string[]
  readonly trail: readonly string[]
  readonly role?: readonly string[]
  readonly admin?: readonly string[]
}

export function reconcileCommand(context: Context, flags: ReconcileFlags): Promise<number> {
  const { stdout, stderr, env } = context.process
  checkArns(flags)
  return guarded(async () => {
    const source = await logWithEvents(context, flags)
    const sessions = new Sessions()
    const report = await verify({
      ...(await knownOf(source, flags.vkey, env)),
      source,
      now: Date.now(),
      onEvent: (event) => sessions.take(event),
    })
    const worst = gravest(report.faults)
    if (worst !== undefined) {
      const fault = shownLine(`${report.faults[0]?.place}: ${report.faults[0]?.what}`, 2000)
      stderr.write(`stint: The log is invalid (${fault}). Run stint audit verify.\n`)
      return classes[worst].exit
    }
    const reconciled = await reconcile(sessions, readTrail(flags.trail), { roles: flags.role ?? [], admins: flags.admin ?? [] })
    stdout.write(flags.json ? jsonLine(reconciled) : forPeople(reconciledText(reconciled)))
    if (reconciled.findings.length > 0) return exitCode('failed')
    return reconciled.records === 0 || reconciled.silent.length > 0 ? exitCode('notJudged') : 0
  })
}

/** A name that is misspelled would be ignored, and the verdict would say that all agrees. */
function checkArns({ role = [], admin = [] }: Pick<ReconcileFlags, 'role' | 'admin'>): void {
  const wrongRole = role.find((arn) => shortRole(arn) === '')
  if (wrongRole !== undefined) throw new Usage(`Invalid --role: '${wrongRole}'. It must be the ARN of an IAM role.`)
  const wrongAdmin = admin.find((arn) => shortRole(arn) === '' && !/^arn:[^:]+:iam::\d{12}:user\/\S+$/.test(arn))
  if (wrongAdmin !== undefined) throw new Usage(`Invalid --admin: '${wrongAdmin}'. It must be the ARN of an IAM role or user.`)
}

// ── copy ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function copyCommand(context: Context, flags: LogFlags & { readonly to: string }): Promise<void> {
  const { stdout, stderr } = context.process
  return guarded(async () => {
    const source = await sourceFrom(flags.from, flags.tokenFile, context)
    const bar = progressBar(stderr, flags.quiet)
    const { size, fetched, kept } = await copyLog(source, flags.to, bar.show)
    bar.clear()
    if (flags.json) stdout.write(jsonLine({ to: flags.to, size, fetched, kept }))
    else stdout.write(`${size} entries in ${flags.to}: ${fetched} objects fetched, ${kept} already present\n`)
  })
}

// ── receipt ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export function receiptCommand(context: Context, flags: Trust & TalkFlags, file: string): Promise<void> {
  const { stdout, stdin } = context.process
  return guarded(async () => {
    if (!flags.vkey) throw new Usage('Missing --vkey: the key of the log, from a source other than the receipt.')
    const proof = file === '-' ? await textOf(stdin) : await readFile(file, 'utf8')
    const receipt = checkReceipt(proof, keysFrom(flags.vkey), keysFrom(flags.witness ?? []))
    if (typeof receipt === 'string') throw new Failure('failed', `Not verified. ${receipt}`)
    const { index, entry, checkpoint } = receipt
    if (checkpoint.witnesses.length < flags.quorum)
      throw new Failure('failed', `Not verified. ${checkpoint.witnesses.length} witnesses have signed, but ${flags.quorum} are required.`)
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
  })
}

// ── export ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type ExportFlags = LogFlags & {
  readonly vkey?: readonly string[]
  readonly since?: number
  readonly until?: number
  readonly format: 'ndjson' | 'csv'
  readonly out: string
}

export function exportCommand(context: Context, flags: ExportFlags): Promise<void> {
  const { stdout, stderr, env } = context.process
  const toFile = flags.out !== '-'
  if (flags.json && flags.format === 'csv' && !toFile)
    throw new Usage('With --json, CSV needs a file. Pass --out FILE, or leave out --format csv.')
  return guarded(async () => {
    const source = await sourceFrom(flags.from, flags.tokenFile, context)
    const bytes = await source.get('checkpoint')
    const note = bytes === undefined ? '' : Buffer.from(bytes).toString('utf8')
    const { keys } = await knownOf(source, flags.vkey, env)
    if (keys.length === 0) throw new Usage('Missing key. Run stint audit verify first, or pass --vkey.')
    const opened = openCheckpoint(note, keys)
    if (opened.outcome === 'fault') throw new Unreachable(`The checkpoint in ${flags.from} is ${opened.fault}.`)
    const { size } = opened.value
    const out = toFile ? (await newFile(flags.out)).createWriteStream() : stdout
    const write = async (line: string) => void (out.write(line) || (await new Promise((resolve) => out.once('drain', resolve))))
    if (flags.format === 'csv') await write(csvHead())
    let [events, erased] = [0, 0]
    const period = { since: flags.since ?? 0, until: flags.until ?? Number.POSITIVE_INFINITY }
    for await (const exported of exportEvents(source, { note, keys, size }, period)) {
      if (exported === 'erased') {
        erased++
        continue
      }
      await write(flags.format === 'csv' ? csvLine(exported) : ndjsonLine(exported))
      events++
    }
    if (toFile) {
      out.end()
      await finished(out)
    }
    if (flags.json && toFile) stdout.write(jsonLine({ out: flags.out, size, events, erased }))
    else if (!flags.quiet)
      stderr.write(`${events} events, each verified against the checkpoint of ${size} entries; ${erased} events in the log are erased\n`)
  })
}

const newFile = (path: string) =>
  open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? new Usage(`${path} already exists. Choose another file.`) : error
  })
