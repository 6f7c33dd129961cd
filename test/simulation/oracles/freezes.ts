/**
 * A freeze that was answered stops every call that begins later, until two people have begun to release it: sessions of whom and what it
 * names, and decisions of the people it names, with any of their identities and in the jobs that they trigger. Only responders freeze and
 * release. A table that is restored from a backup lacks later freezes, until it is restored from the log, too.
 */
import type { Network } from '../network.ts'
import { JOB_TRIGGERS, PEOPLE, personOf } from '../people.ts'
import { credentialsIn, eventsIn, freshEvents, type Oracle, type OracleContext, type VendCall } from './oracle.ts'

type Freeze = { readonly scope: string; readonly answered: number; readonly until: number; released?: number; isLost?: boolean }

/** Of the API. */
export const LONGEST_CALL_MS = 25_000

export function freezesOracle({ fault, reach, now, skewMs, dynamo, releases, isRestoring }: OracleContext, network: Network): Oracle {
  const freezes: Freeze[] = []
  /** When a freeze of a scope was first in the table. */
  const written = new Map<string, number>()
  const releasing = new Map<string, Set<string>>()

  const holds = ({ answered, until, released, isLost }: Freeze, started: number): boolean =>
    !isLost && started > answered && now() < until - 2 * skewMs && (released === undefined || now() < released)
  /** Who asked to release each freeze. */
  const asked = new Map<string, string>()
  /** What stops a person from asking, approving and releasing: freezes of any of their identities. */
  const scopesOfPerson = (subject: string): readonly string[] => {
    const all = Object.keys(PEOPLE).filter((one) => one === subject || personOf(one) === personOf(subject))
    return [...all.map((one) => `subject#lab#${one}`), `person#${personOf(subject)}`, 'issuer#lab']
  }
  /** What stops a session. */
  const scopesOf = ({ issuer, subject, profile, actor = '' }: VendCall): readonly string[] => {
    const target = releases[0]?.profiles.find(profile)?.target
    const person = issuer === 'lab' ? personOf(subject) : JOB_TRIGGERS[actor]
    return ['all', `issuer#${issuer}`, `subject#${issuer}#${subject}`, `person#${person}`, `profile#${profile}`, `target#${target}`]
  }
  /** Which freezes the restored table has. Whether it should have more is judged in ./restore.ts and ./log.ts. */
  function lookAgain(): void {
    const inForce = dynamo.items('stint').filter(({ pk, active }) => pk?.S?.startsWith('FREEZE#') && active?.BOOL)
    const scopes = new Set(inForce.flatMap((item) => eventsIn(item).map((event) => event?.scope)))
    for (const freeze of freezes) freeze.isLost = !scopes.has(freeze.scope)
  }
  return {
    onFrozen(scope, until) {
      freezes.push({ scope, answered: now(), until })
      reach('a freeze is set')
    },
    onReleaseBegun(scope, by) {
      const all = (releasing.get(scope) ?? new Set()).add(personOf(by))
      releasing.set(scope, all)
      // From then on, the freeze may end at any time.
      if (all.size > 1) for (const freeze of freezes) if (freeze.scope === scope) freeze.released ??= now()
    },
    onWrite(write) {
      if (write.table !== 'stint' || !write.id.startsWith('FREEZE#')) return
      for (const { type, by, scope } of freshEvents(write)) {
        if (type === 'freeze.set' && !written.has(scope)) written.set(scope, now())
        if (type === 'freeze.set') asked.delete(write.id)
        if (type === 'freeze.release-asked') asked.set(write.id, by.subject)
        if (type === 'freeze.released' && personOf(asked.get(write.id) ?? '') === personOf(by.subject))
          fault('freezes', `${by.subject} released ${write.id} alone`)
        // A call that began before the response to the freeze, or whose send arrives after its end, may not have read the freeze.
        const stopped = freezes.find(
          (freeze) => scopesOfPerson(asked.get(write.id) ?? '').includes(freeze.scope) && holds(freeze, now() - LONGEST_CALL_MS),
        )
        if (type === 'freeze.released' && stopped && network.isAwaited && !isRestoring(write))
          fault('freezes', `${write.id} was released although ${asked.get(write.id)}, who had requested it, is frozen`)
        if (['freeze.set', 'freeze.release-asked', 'freeze.released'].includes(type) && by && !isResponder(by))
          fault('freezes', `${type} of ${scope} by ${by.subject}`)
      }
    },
    /** Decisions in Slack come with no response that this oracle sees: the times of their events must do. */
    whenHealed() {
      const approvals = dynamo.items('stint').flatMap((item) => eventsIn(item).filter((event) => event?.type === 'approval.given'))
      for (const { answered, until, released, scope, isLost } of freezes)
        for (const { by, at } of isLost ? [] : approvals) {
          // A call that began before the release can have read the freezes after it.
          const [from, to] = [answered + 2 * skewMs, Math.min(until, released ?? now()) - 2 * skewMs - LONGEST_CALL_MS]
          if (scopesOfPerson(by.subject).includes(scope) && Date.parse(at) > from && Date.parse(at) < to)
            fault('freezes', `${scope} was frozen, and ${by.subject} approved`)
        }
    },
    onRestored: lookAgain,
    onAuditRestored: lookAgain,
    onVended(call, answer) {
      const scopes = scopesOf(call)
      if (answer.json.code === 'frozen') {
        reach('a call is frozen')
        const began = scopes.map((scope) => written.get(scope) ?? Number.POSITIVE_INFINITY)
        if (!began.some((at) => at <= call.started)) reach('a freeze is set beside a call, and stops it')
      }
      if (!credentialsIn(answer)) return
      const broken = freezes.find((freeze) => scopes.includes(freeze.scope) && holds(freeze, call.started))
      if (broken) fault('freezes', `${broken.scope} was frozen, and a later call of ${call.subject} got credentials`)
    },
    onAnswered({ started, subject, method, path }, { status, json }) {
      const isStopped =
        method === 'POST' ? /^\/requests(\/req_\w+\/(approve|extend))?$/.test(path) : method === 'DELETE' && path.startsWith('/freezes/')
      if (!isStopped) return
      const scopes = scopesOfPerson(subject)
      const broken = freezes.find((freeze) => scopes.includes(freeze.scope) && holds(freeze, started))
      if (!broken) return
      if (json.code === 'frozen' && path.endsWith('/approve')) reach('a frozen approver is refused')
      if (status < 300) fault('freezes', `${broken.scope} was frozen, and a later ${method} ${path} of ${subject} took effect`)
    },
  }
}

const isResponder = ({ issuer, subject }: { readonly issuer?: string; readonly subject?: string }): boolean =>
  issuer === 'lab' && PEOPLE[subject ?? '']?.groups.includes('responders') === true
