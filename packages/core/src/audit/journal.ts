/**
 * The rules of a journal, read back: every credential with its intent before it and its agreement, no use taken twice,
 * nothing after an end. They are held to the events alone, so whoever has the log can hold Stint to them.
 *
 * One journal is stepped through event by event, in order. Where an event was erased only its type is known, and what
 * would need its content is not judged.
 */
import { type Instant, parseIso } from '../instant.ts'
import { missing } from '../request/approval.ts'
import type { Agreement } from '../request/request.ts'
import type { EventType, ReadEvent } from './schema.ts'

export const stages = [
  'new',
  'pending',
  'approved',
  'over',
  'erased',
  'retired',
  'frozen',
  'released',
  'linking',
  'linked',
  'unlinked',
  'fact',
] as const
export type Stage = (typeof stages)[number]
type PersonRef = { readonly issuer: string; readonly subject: string; readonly kind: string }

/**
 * What must be remembered of a journal between two of its events. A verifier holds hundreds of thousands: what a stage no
 * longer needs is let go.
 */
export type Journal = {
  stage: Stage
  /** An event has been passed over whose content is not known. */
  blind: boolean
  /** An event's content was judged. */
  told: boolean
  /** An event was erased, and one said so. */
  erased: boolean
  erasureTold: boolean
  /** Who asked, where people had to agree. */
  caller: string
  usesLeft: number
  until: Instant
  /** While it waits: who is needed, and who has agreed. */
  waiting:
    | { readonly needs: readonly number[]; readonly unattendedAt: Instant; readonly agreements: Pick<Agreement, 'person' | 'rules'>[] }
    | undefined
  /** While it may be used: open sessions with their ends, and those that are no longer open. */
  sessions: { readonly open: Map<string, string>; readonly closed: Set<string> } | undefined
  /** Who asked for a freeze's release. */
  releaseAskedBy: string
  /** The Slack user who typed a code. */
  slack: string
}

export const newJournal = (): Journal => ({
  stage: 'new',
  blind: false,
  told: false,
  erased: false,
  erasureTold: false,
  caller: '',
  usesLeft: 0,
  until: 0,
  waiting: undefined,
  sessions: undefined,
  releaseAskedBy: '',
  slack: '',
})

const instantOf = (text: unknown): Instant => parseIso(text as string) ?? 0
const idOf = (person: unknown): string => `${(person as PersonRef).issuer}#${(person as PersonRef).subject}`

/** From which stages an event may come. */
const from: { readonly [type in EventType]: readonly Stage[] } = {
  'request.created': ['new'],
  'request.asked': ['new'],
  'request.received': ['pending'],
  'request.refused': ['new'],
  'request.refusals-capped': ['new'],
  'request.agreed': ['pending'],
  'request.approved': ['pending'],
  'request.denied': ['pending'],
  'request.cancelled': ['pending'],
  'request.revoked': ['pending', 'approved'],
  'request.expired': ['pending'],
  'request.ended': ['approved'],
  'request.escalated': ['pending'],
  'request.reminded': ['pending', 'approved', 'over'],
  'request.reviewed': ['approved', 'over'],
  'request.erased': ['approved', 'over', 'retired', 'linking', 'linked', 'unlinked'],
  'request.restored': ['pending', 'approved', 'over'],
  'request.retired': ['approved', 'over', 'erased'],
  'session.reserved': ['approved'],
  'session.issued': ['approved'],
  'session.failed': ['approved', 'over'],
  'session.answer-dropped': ['approved', 'over'],
  'session.abandoned': ['approved', 'over'],
  'freeze.set': ['new', 'frozen', 'released'],
  'freeze.release-asked': ['frozen'],
  'freeze.released': ['frozen'],
  'freeze.deploy-released': ['frozen'],
  // Whose links were erased may be linked again.
  'link.pending': ['new', 'linking', 'linked', 'unlinked', 'erased'],
  'link.made': ['new', 'linking', 'linked', 'unlinked', 'erased'],
  'link.ended': ['linking', 'linked'],
  'config.seen': ['new'],
  'log.started': ['new'],
  'table.restored': ['new'],
}

/** Where an event leads, if it leads elsewhere. */
const to: { readonly [type in EventType]?: Stage } = {
  'request.created': 'approved',
  'request.asked': 'pending',
  'request.refused': 'over',
  'request.refusals-capped': 'over',
  'request.approved': 'approved',
  'request.denied': 'over',
  'request.cancelled': 'over',
  'request.revoked': 'over',
  'request.expired': 'over',
  'request.erased': 'erased',
  'request.ended': 'over',
  'request.restored': 'over',
  'request.retired': 'retired',
  'freeze.set': 'frozen',
  'freeze.released': 'released',
  'freeze.deploy-released': 'released',
  'link.pending': 'linking',
  'link.made': 'linked',
  'link.ended': 'unlinked',
  'config.seen': 'fact',
  'log.started': 'fact',
  'table.restored': 'fact',
}

/** Takes the next event of a journal; a text says which rule it breaks. `event` is absent where it was erased. */
export function step(journal: Journal, type: EventType, event: ReadEvent | undefined): string | undefined {
  // Wherever it stands: what is gone was not taken away in silence.
  if (type === 'request.erased' && event) journal.erasureTold = true
  if (!from[type].includes(journal.stage)) {
    return ['retired', 'erased'].includes(journal.stage) || (journal.stage === 'over' && type.startsWith('session.'))
      ? `${type} after the end`
      : `${type} where the journal is ${journal.stage}`
  }
  if (!event) journal.blind = true
  const fault = event ? judge(journal, event) : undefined
  if (event) journal.told = true
  journal.stage = to[type] ?? journal.stage
  if (journal.stage !== 'pending') journal.waiting = undefined
  // Without a use left and without an open session, every further session breaks a rule, whatever it is called.
  if (journal.sessions?.open.size === 0 && journal.usesLeft <= 0) journal.sessions = undefined
  return fault
}

function judge(journal: Journal, event: ReadEvent): string | undefined {
  switch (event.type) {
    case 'request.created':
      journal.usesLeft = event.uses as number
      journal.until = instantOf(event.until)
      return undefined
    case 'request.asked':
      journal.caller = idOf(event.caller)
      journal.waiting = {
        needs: event.needs as readonly number[],
        unattendedAt: event.unattendedAt === undefined ? Number.POSITIVE_INFINITY : instantOf(event.unattendedAt),
        agreements: [],
      }
      return undefined
    case 'request.agreed':
      return agreed(journal, event)
    case 'request.approved':
      journal.usesLeft = event.uses as number
      journal.until = instantOf(event.until)
      if (journal.blind || quorum(journal)) return undefined
      if (!event.unattended) return 'approved without the agreement that it needed'
      return instantOf(event.at) >= (journal.waiting?.unattendedAt ?? 0) ? undefined : 'approved unattended, and it was not to be yet'
    case 'request.reviewed':
      return !journal.blind && idOf(event.by) === journal.caller ? 'reviewed by its own requester' : undefined
    case 'request.cancelled':
      return !journal.blind && idOf(event.by) !== journal.caller ? 'cancelled by somebody else than its requester' : undefined
    case 'request.denied':
      return !journal.blind && idOf(event.by) === journal.caller ? 'denied by its own requester' : undefined
    case 'request.ended':
      return !journal.blind && instantOf(event.at) < journal.until ? 'ended before its window was over' : undefined
    case 'request.erased':
      return journal.erased && journal.told
        ? 'erased in part: some of the events before it are gone, and some are not'
        : live(journal, event)
    case 'request.restored':
      journal.sessions = undefined
      return undefined
    case 'request.retired':
      return live(journal, event)
    case 'session.reserved':
      return reserved(journal, event)
    case 'session.issued':
      return issued(journal, event)
    case 'session.answer-dropped':
      return dropped(journal, event)
    case 'session.failed':
    case 'session.abandoned':
      return close(journal, event, 1)
    case 'link.pending':
      journal.slack = event.slack as string
      return undefined
    case 'link.made': {
      // Nobody is bound who did not type the code, unless by the e-mail that both sides know.
      const typed = journal.slack === event.slack || event.email === true
      journal.slack = ''
      return journal.blind || typed ? undefined : 'linked to a Slack user who did not type the code'
    }
    case 'freeze.set':
      journal.releaseAskedBy = ''
      return undefined
    case 'freeze.release-asked':
      journal.releaseAskedBy = idOf(event.by)
      return undefined
    case 'freeze.released':
      return journal.releaseAskedBy === '' || journal.releaseAskedBy === idOf(event.by) ? 'released without two people' : undefined
    default:
      return undefined
  }
}

function agreed(journal: Journal, event: ReadEvent): string | undefined {
  const by = event.by as PersonRef
  if (journal.blind || !journal.waiting) return undefined
  const { agreements } = journal.waiting
  if (idOf(by) === journal.caller) return 'agreed to by its own requester'
  if (by.kind !== 'human') return 'agreed to by something that is no person'
  if (agreements.some(({ person }) => person === idOf(by))) return 'agreed to twice by one person'
  agreements.push({ person: idOf(by) as Agreement['person'], rules: event.rules as readonly number[] })
  return undefined
}

const quorum = ({ waiting }: Journal): boolean =>
  waiting !== undefined &&
  waiting.needs.length > 0 &&
  missing({ rules: waiting.needs.map((count) => ({ count })) }, waiting.agreements).every((count) => count === 0)

function live(journal: Journal, event: ReadEvent): string | undefined {
  if (journal.sessions && journal.sessions.open.size > 0) return `${event.type} with a session open`
  return !journal.blind && journal.stage === 'approved' && instantOf(event.at) < journal.until
    ? `${event.type} while it could be used`
    : undefined
}

function reserved(journal: Journal, event: ReadEvent): string | undefined {
  const session = event.session as string
  if (!session.startsWith(`${event.request}.`)) return 'reserved for a session of another request'
  journal.sessions ??= { open: new Map(), closed: new Set() }
  const { open, closed } = journal.sessions
  if (open.has(session) || closed.has(session)) return 'reserved twice'
  open.set(session, event.hardEnd as string)
  if (journal.blind) return undefined
  journal.usesLeft--
  if (journal.usesLeft < 0) return 'reserved without a use left'
  return instantOf(event.at) >= journal.until ? 'reserved after its window' : undefined
}

function issued(journal: Journal, event: ReadEvent): string | undefined {
  const hardEnd = journal.sessions?.open.get(event.session as string)
  const fault = close(journal, event, 0)
  if (fault || hardEnd === undefined) return fault
  if ((event.expiration as string) > hardEnd) return 'issued beyond the end that was reserved'
  return event.at >= hardEnd ? 'issued after its end' : undefined
}

/** The session stays open: whether it lives is not known, and the sweeper closes it. */
function dropped(journal: Journal, event: ReadEvent): string | undefined {
  const open = journal.sessions?.open.has(event.session as string)
  return open || (journal.blind && !journal.sessions?.closed.has(event.session as string))
    ? undefined
    : 'session.answer-dropped without an open intent before it'
}

/** A session is closed once, and only if its intent came before. */
function close(journal: Journal, event: ReadEvent, givenBack: number): string | undefined {
  const session = event.session as string
  if (journal.sessions?.open.delete(session)) {
    journal.usesLeft += givenBack
    journal.sessions.closed.add(session)
    return undefined
  }
  return journal.blind && !journal.sessions?.closed.has(session) ? undefined : `${event.type} without an open intent before it`
}
