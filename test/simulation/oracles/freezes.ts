/** Invariant 5: a freeze that was answered stops every call that begins later, until its release begins. */
import { PEOPLE } from '../people.ts'
import { credentialsIn, type Oracle, type OracleContext } from './oracle.ts'

export function freezesOracle({ fault, reach, now, skewMs }: OracleContext): Oracle {
  const freezes: { readonly scope: string; readonly answered: number; readonly until: number; released?: number }[] = []
  return {
    onFrozen(scope, until) {
      freezes.push({ scope, answered: now(), until })
      reach('a freeze is set')
    },
    onReleaseBegun(scope) {
      // From the first release on, the freeze may end at any time.
      for (const freeze of freezes) if (freeze.scope === scope) freeze.released ??= now()
    },
    onVended(call, answer) {
      if (answer.json.code === 'frozen') reach('a call is frozen')
      if (!credentialsIn(answer)) return
      const person = PEOPLE[call.subject]?.person
      const scopes = ['all', `profile#${call.profile}`, `subject#${call.subject}`, ...(person ? [`person#${person}`] : [])]
      const broken = freezes.find(
        ({ scope, answered, until, released }) =>
          scopes.includes(scope) && call.started > answered && now() < until - 2 * skewMs && (released === undefined || now() < released),
      )
      if (broken) fault('freezes', `${broken.scope} was frozen, and a later call of ${call.subject} got credentials`)
    },
  }
}
