/** `stint freeze` and `stint unfreeze`: the kill switch. */
import { toIso } from '@stint/core/instant'
import { brokerFor } from '../broker/broker.ts'
import type { FreezeView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags } from '../frame/flags.ts'
import { fromNow, tableText } from '../frame/words.ts'
import { jsonLine, shownLine } from '../output.ts'

type FreezeFlags = BrokerFlags & {
  readonly all: boolean
  readonly profile?: string
  readonly target?: string
  readonly issuer?: string
  readonly person?: string
  readonly subject?: string
  readonly justification?: string
  readonly for?: number
}

export async function freeze(context: Context, flags: FreezeFlags): Promise<void> {
  const { stdout, stderr } = context.process
  const scope = scopeOf(flags)
  const broker = await brokerFor(context, flags)
  if (!scope) {
    const { body } = await broker.call('GET', '/freezes')
    const freezes = body.freezes as readonly FreezeView[]
    if (flags.json) return void stdout.write(jsonLine(body))
    if (freezes.length === 0) return void (flags.quiet || stderr.write('Nothing is frozen.\n'))
    const rows = freezes.map(({ id, scope: one, by, at, expiresAt, justification }) => [
      id,
      scopeWords(one),
      by.name,
      fromNow(at, Date.now()),
      expiresAt ?? 'until released',
      justification,
    ])
    return void stdout.write(tableText(['freeze', 'scope', 'by', 'set', 'expires', 'justification'], rows, stdout.columns))
  }
  if (flags.justification === undefined)
    throw new Failure('usage', 'A freeze needs a justification.', { next: "Repeat the command with -j 'why access must stop'" })
  const body = {
    scope,
    justification: flags.justification,
    ...(flags.for === undefined ? {} : { expiresAt: toIso(Date.now() + flags.for * 1000) }),
  }
  const set = (await broker.call('POST', '/freezes', { body })).body as unknown as FreezeView
  if (flags.json) return void stdout.write(jsonLine(set))
  stdout.write(`${shownLine(set.id)}\n`)
  if (!flags.quiet)
    stderr.write(
      `Frozen: ${scopeWords(set.scope)}. Credentials that were already issued work until they expire, and are not renewed.\nTo release it, two responders run: stint unfreeze ${set.id}\n`,
    )
}

function scopeOf(flags: FreezeFlags): object | undefined {
  const { profile, target, person, subject, issuer } = flags
  const given = [
    ...(flags.all ? [{ kind: 'all' }] : []),
    ...(profile === undefined ? [] : [{ kind: 'profile', id: profile }]),
    ...(target === undefined ? [] : [{ kind: 'target', id: target }]),
    ...(person === undefined ? [] : [{ kind: 'person', id: person }]),
    ...(subject === undefined ? [] : [{ kind: 'subject', id: subject, issuer: issuer ?? '' }]),
    ...(issuer === undefined || subject !== undefined ? [] : [{ kind: 'issuer', id: issuer }]),
  ]
  if (given.length > 1)
    throw new Failure('usage', 'Freeze one scope at a time.', {
      next: 'Use one of --all, --profile, --target, --person, --issuer, or --issuer with --subject.',
    })
  if (subject !== undefined && issuer === undefined)
    throw new Failure('usage', 'A subject needs its issuer.', { next: `stint freeze --issuer ISSUER --subject ${subject}` })
  return given[0]
}

const scopeWords = ({ kind, id, issuer }: FreezeView['scope']): string =>
  kind === 'all' ? 'everything' : `${kind} ${issuer === undefined ? '' : `${issuer}/`}${id}`

export async function unfreeze(context: Context, flags: BrokerFlags, id: string): Promise<void> {
  const { stdout, stderr } = context.process
  const broker = await brokerFor(context, flags)
  const { status } = await broker.call('DELETE', `/freezes/${encodeURIComponent(id)}`)
  const state = status === 204 ? 'released' : 'waiting'
  if (flags.json) return void stdout.write(jsonLine({ id, state }))
  if (!flags.quiet) stderr.write(state === 'released' ? 'Released.\n' : `Another responder must run: stint unfreeze ${id}\n`)
}
