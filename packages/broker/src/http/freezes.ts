/** Freezes over HTTP: one responder can freeze, and it takes two to release. */

import { type FreezeScope, formatFreezeName, scopesOfPerson } from '@stint/core/access/freeze'
import { MAX_COMMENT_BYTES } from '@stint/core/audit/event'
import { type CallerRef, callerRef } from '@stint/core/identity/caller'
import { personOf } from '@stint/core/identity/person'
import { isSubject, typedSubject } from '@stint/core/identity/subject'
import { parseFreezeId } from '@stint/core/ids'
import { parseIso, toIso } from '@stint/core/instant'
import { jsonBytes } from '@stint/core/json'
import { done, refused } from '@stint/core/outcome'
import type { Freeze } from '../ports/ledger.ts'
import { stoppedBy } from '../vend/request-approval.ts'
import { outcomeUnknown } from '../vend/unknown-outcome.ts'
import { type Api, type ApiBroker, answer, parseBody, readBytes, refuse, type Tools, unavailable } from './context.ts'
import { freezeBody } from './request-schemas.ts'
import type { Answer, freezeView as schema } from './response-schemas.ts'

const noResponder = refused('not-eligible', 'Only responders and auditors can read freezes, and only responders can set them.')

export function freezeRoutes(app: Api, { rules, ledger }: ApiBroker, { withCaller, isAuditor, isResponder }: Tools): void {
  /** Freezing something that the config does not have would stop nothing, while the responder believes that it does. */
  function strayIn(scope: FreezeScope): string | undefined {
    const known = {
      all: () => true,
      issuer: (id: string) => Object.hasOwn(rules.issuers, id),
      profile: (id: string) => rules.profiles.find(id) !== undefined,
      target: (id: string) => Object.hasOwn(rules.targets, id),
      person: (id: string) => Object.hasOwn(rules.people ?? {}, id),
      subject: () => true,
    }
    if (scope.kind === 'subject' && !known.issuer(scope.issuer)) return 'The scope names an issuer that is not in the config.'
    if (scope.kind === 'subject' && !isSubject(scope.id)) return 'The scope names a subject that no token can have.'
    if (!known[scope.kind]('id' in scope ? scope.id : '')) return `The scope names a ${scope.kind} that is not in the config.`
    return undefined
  }

  answer(app, 'GET /freezes', (c) =>
    withCaller(c, async (caller) => {
      if (!isResponder(c, caller) && !isAuditor(c, caller)) return refuse(c, noResponder)
      const freezes = await ledger.freezes(c.get('now'))
      if (freezes.outcome === 'unknown') return refuse(c, unavailable(freezes.cause))
      return c.json({ freezes: freezes.value.map(freezeView) })
    }),
  )

  answer(app, 'POST /freezes', async (c) => {
    const bytes = await readBytes(c)
    if (bytes.outcome === 'refused') return refuse(c, bytes)
    return withCaller(c, async (caller) => {
      const body = parseBody(freezeBody, bytes.value)
      if (body.outcome === 'refused') return refuse(c, body)
      if (!isResponder(c, caller) || caller.kind !== 'human') return refuse(c, noResponder)
      const { scope: named, justification, expiresAt } = body.value
      const scope = (named.kind === 'subject' ? { ...named, id: typedSubject(named.id) } : named) as FreezeScope
      const stray = strayIn(named as FreezeScope)
      if (stray) return refuse(c, refused('body-invalid', stray))
      const end = expiresAt === undefined ? undefined : parseIso(expiresAt)
      if (expiresAt !== undefined && (end === undefined || end <= c.get('now')))
        return refuse(c, refused('body-invalid', 'expiresAt must be an RFC 3339 time in the future.'))
      if (justification.trim() === '' || jsonBytes(justification) > MAX_COMMENT_BYTES)
        return refuse(c, refused('body-invalid', `justification must be 1 to ${MAX_COMMENT_BYTES} bytes.`))
      const frozen = await ledger.freeze(scope, callerRef(caller), justification, end, c.get('now'))
      return frozen.outcome === 'done'
        ? c.json(freezeView(frozen.value), 201)
        : refuse(
            c,
            outcomeUnknown(frozen.cause, 'the freeze was set', 'GET /freezes shows the current state. It is safe to repeat the call.'),
          )
    })
  })

  /** The first responder's call requests the release (202); a second person's call releases (204). A frozen caller can do neither. */
  answer(app, 'DELETE /freezes/{id}', (c) =>
    withCaller(c, async (caller) => {
      if (!isResponder(c, caller) || caller.kind !== 'human') return refuse(c, noResponder)
      const id = parseFreezeId(c.req.param('id'))
      if (!id) return refuse(c, refused('request-unknown', 'Freeze not found.'))
      const stopped = stoppedBy(await ledger.frozen(scopesOfPerson(rules, caller), c.get('now')))
      if (stopped) return refuse(c, stopped)
      const person = personOf(rules, caller)
      const isSame = (other: CallerRef) => personOf(rules, other) === person
      const released = await ledger.unfreeze(id, callerRef(caller), isSame, c.get('now'), async (first) => {
        const frozen = await ledger.frozen(scopesOfPerson(rules, first), c.get('now'))
        return frozen.outcome === 'done' ? done(frozen.value !== undefined) : frozen
      })
      if (released.outcome === 'unknown')
        return refuse(
          c,
          outcomeUnknown(
            released.cause,
            'your release took effect',
            'GET /freezes shows the current state. It is safe to repeat the call.',
          ),
        )
      if (released.outcome === 'refused') return refuse(c, released)
      return released.value === 'released' ? c.body(null, 204) : c.json({ status: 'another responder must approve' }, 202)
    }),
  )
}

const freezeView = ({ at, expiresAt, generation, ...freeze }: Freeze): Answer<typeof schema> => ({
  ...freeze,
  // Names this freeze, and not a later one of the same scope: a deploy that releases a freeze uses this name.
  name: formatFreezeName({ id: freeze.id, generation }),
  at: toIso(at),
  ...(expiresAt === undefined ? {} : { expiresAt: toIso(expiresAt) }),
})
