/** `stint end`: ends a session, or all sessions of a person. */
import { type Broker, brokerFor } from '../broker/broker.ts'
import { pages } from '../broker/pages.ts'
import type { FreezeView, SessionView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags } from '../frame/flags.ts'
import { jsonLine } from '../output.ts'
import { printControlPolicies } from './control-policies.ts'
import { type Ended, endedText, untilDenied } from './ended.ts'

type EndFlags = BrokerFlags & {
  readonly person?: string
  readonly justification?: string
  readonly scp: boolean
  readonly everyEarlierSession?: 'end' | 'keep'
}

export async function end(context: Context, flags: EndFlags, id: string | undefined): Promise<void> {
  const { stdout, stderr } = context.process
  const { person, scp } = flags
  if ((id === undefined) === (person === undefined))
    throw new Failure('usage', 'Name one session, or a person with --person.', { next: 'List yours: stint sessions --live' })
  if (scp && person === undefined) throw new Failure('usage', '--scp needs --person.', { next: 'stint end --person ID --scp' })
  const broker = await brokerFor(context, flags)
  if (person !== undefined && scp) return printControlPolicies(context, broker, flags, person)
  if (person !== undefined) return endPerson(context, broker, flags, person)
  const look = () => endOne(broker, id as string, flags.everyEarlierSession)
  const ended = await untilDenied(await look(), look)
  if (flags.json) return void stdout.write(jsonLine(ended))
  if (!flags.quiet) stderr.write(endedText(ended, Date.now()))
}

const endOne = async (broker: Broker, id: string, everyEarlierSession?: string): Promise<Ended> => {
  const query = everyEarlierSession === undefined ? '' : `?everyEarlierSession=${everyEarlierSession}`
  return (await broker.call('DELETE', `/sessions/${encodeURIComponent(id)}${query}`, { repeatable: 'body' })).body as Ended
}

/** Freezes first, so that no session begins or is renewed while the others end. */
async function endPerson(
  context: Context,
  broker: Broker,
  { justification, json, quiet, everyEarlierSession }: EndFlags,
  person: string,
): Promise<void> {
  const { stdout, stderr } = context.process
  if (justification === undefined)
    throw new Failure('usage', 'A freeze needs a justification.', { next: "Repeat the command with -j 'why access must stop'" })
  const freeze = (await broker.call('POST', '/freezes', { body: { scope: { kind: 'person', id: person }, justification } }))
    .body as unknown as FreezeView
  if (!quiet && !json)
    stderr.write(`Frozen: person ${person} (${freeze.id}). To release it, two responders run: stint unfreeze ${freeze.id}\n`)
  const sessions = await pages<SessionView>(broker, '/sessions', { person }, 'sessions')
  const live = sessions.filter(({ state }) => state === 'reserved' || state === 'issued')
  const ended: Ended[] = []
  const failed: { readonly id: string; readonly why: string }[] = []
  for (const { id } of live) {
    try {
      const one = await endOne(broker, id, everyEarlierSession)
      ended.push(one)
      if (!quiet && !json) stderr.write(endedText(one, Date.now()))
    } catch (error) {
      // The others must end all the same.
      failed.push({ id, why: (error as Error).message })
    }
  }
  if (json) stdout.write(jsonLine({ freeze, ended, failed }))
  else if (!quiet && live.length === 0) stderr.write(`${person} has no live sessions.\n`)
  if (failed.length > 0)
    throw new Failure('failed', `These sessions were not ended: ${failed.map(({ id, why }) => `${id} (${why})`).join(', ')}.`, {
      next: 'Repeat the command. The freeze stays in force.',
    })
}
