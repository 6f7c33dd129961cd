/** The commands of `stint audit` that change a deployment: they erase, rebuild and restore. */
import { randomBytes } from 'node:crypto'
import type { ErasableId } from '@stint/broker/log/erase'
import { parseRequestId } from '@stint/core/ids'
import type { Context } from '../context.ts'
import type { Exit } from '../frame/exit.ts'
import type { TalkFlags } from '../frame/flags.ts'
import { jsonLine, shownLine } from '../output.ts'
import { guarded, journalsOf, knownOf, type LogFlags, logWithEvents, regionOf, Usage } from './common.ts'

// ── erase ────────────────────────────────────────────────────────────────────────────────────────────────────────────

type EraseFlags = TalkFlags & {
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

export function eraseCommand(context: Context, flags: EraseFlags): Promise<Exit> {
  const { stdout, stderr, env } = context.process
  return guarded(async () => {
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
      stdout.write(flags.json ? jsonLine({ applied: false, requests: requests.map((id) => ({ id })) }) : `${requests.join('\n')}\n`)
      stderr.write(`${requests.length} requests would be erased. This cannot be undone. To erase them, run the command again with --yes.\n`)
      return 'ok'
    }
    const results: { readonly id: string; readonly events?: number; readonly refused?: string }[] = []
    for (const request of requests) {
      const erased = await erase(parts, { request, operator: flags.operator, justification: flags.justification }, Date.now())
      const refused = erased.outcome === 'refused'
      results.push({ id: request, ...(refused ? { refused: erased.detail } : { events: erased.value }) })
      if (refused) stderr.write(`${request} not erased: ${shownLine(erased.detail)}\n`)
      else if (!flags.json) stdout.write(`${request} erased: ${erased.value} events\n`)
    }
    if (flags.json) stdout.write(jsonLine({ applied: true, requests: results }))
    return results.some(({ refused }) => refused !== undefined) ? 'failed' : 'ok'
  })
}

// ── rebuild ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export function rebuildCommand(
  context: Context,
  flags: LogFlags & { readonly sideTable: string; readonly region?: string },
): Promise<void> {
  const { stdout, env } = context.process
  return guarded(async () => {
    const [{ rebuild }, { sideState }] = await Promise.all([import('./rebuild.ts'), import('./aws.ts')])
    const source = await logWithEvents(context, flags)
    const known = await knownOf(source, undefined, env)
    const { rows, events } = await rebuild(source, known, sideState(regionOf(flags.region, env), flags.sideTable), Date.now())
    stdout.write(flags.json ? jsonLine({ rows, events }) : `${rows} index rows of ${events} events written\n`)
  })
}

// ── restore ──────────────────────────────────────────────────────────────────────────────────────────────────────────

type RestoreFlags = LogFlags & {
  readonly vkey?: readonly string[]
  readonly operator?: string
  readonly table: string
  readonly region?: string
  readonly yes: boolean
}

export function restoreCommand(context: Context, flags: RestoreFlags): Promise<Exit> {
  const { stdout, env } = context.process
  return guarded(async () => {
    const [{ givenText, lostOf }, { giveBack, givingBack }, { itemReader }, { tableClient }] = await Promise.all([
      import('./restore.ts'),
      import('@stint/broker/adapters/dynamodb/restore'),
      import('@stint/broker/adapters/dynamodb/journal-reader'),
      import('./aws.ts'),
    ])
    const source = await logWithEvents(context, flags)
    const { trusted, ...known } = await knownOf(source, flags.vkey, env)
    if (flags.yes && !trusted)
      throw new Usage('The key comes from the log itself and is not trusted. Pass --vkey, here or to stint audit verify.')
    if (flags.yes && flags.operator === undefined) throw new Usage('Missing --operator, which each restored journal records.')
    const now = Date.now()
    const restoring = { operator: flags.operator ?? '', now, random: (count: number) => randomBytes(count) }
    const region = regionOf(flags.region, env)
    const lost = await lostOf(source, { ...known, table: await journalsOf(flags.table, region), now })
    const story = { client: tableClient(region), storyTable: flags.table }
    const item = itemReader(story)
    const items: { readonly id: string; readonly what: string; readonly skipped: boolean }[] = []
    for (const one of lost) {
      const giving = givingBack(one, await item(one.id), restoring)
      // The table has this journal again since the comparison.
      if (!giving) continue
      const skipped = flags.yes && !(await giveBack(story, giving))
      const found = { id: one.id, what: givenText(one.id, giving, now), skipped }
      items.push(found)
      if (!flags.json)
        stdout.write(`${shownLine(found.id)}  ${found.what}${skipped ? ': changed meanwhile and skipped. Run the command again.' : ''}\n`)
    }
    const left = items.filter(({ skipped }) => skipped).length
    const done = left > 0 ? `had lost; ${left} were skipped` : 'had lost'
    stdout.write(
      flags.json
        ? jsonLine({ applied: flags.yes, items })
        : `${items.length} items of the log that the table ${flags.yes ? done : 'lost. To restore them, use --yes.'}\n`,
    )
    return left > 0 ? 'failed' : 'ok'
  })
}
