/**
 * Whether a way in is frozen: the five items that could say so, read consistently. Unreadable means closed.
 */
import { BatchGetItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import type { FreezeId } from '@stint/core/audit/event'
import { digestFields } from '@stint/core/digest'
import type { Instant } from '@stint/core/instant'
import { done } from '@stint/core/outcome'
import type { Freeze, FreezeScope, Ledger } from '../../ports.ts'
import type { DynamoSettings, Sender } from './send.ts'

export const scopeText = (scope: FreezeScope): string =>
  scope.kind === 'all' ? 'all' : scope.kind === 'subject' ? `subject#${scope.issuer}#${scope.id}` : `${scope.kind}#${scope.id}`
/** The same, read back. */
export function scopeOf(text: string): FreezeScope {
  const [kind = '', first = '', ...rest] = text.split('#')
  if (kind === 'subject') return { kind, issuer: first, id: rest.join('#') }
  return (kind === 'all' ? { kind } : { kind, id: [first, ...rest].join('#') }) as FreezeScope
}
export const freezeId = (scope: FreezeScope): FreezeId => `frz_${digestFields('freeze/v1', [scopeText(scope)])}`
export const freezeKey = (id: string): string => `FREEZE#${id}`

type Stored = Omit<Freeze, 'id' | 'at'> & { readonly pk: string; readonly active: boolean; readonly frozenAt: Instant }

export function toFreeze(attributes: Parameters<typeof unmarshall>[0]): (Freeze & { readonly active: boolean }) | undefined {
  const { pk, scope, by, why, frozenAt: at, until, releaseAskedBy, active } = unmarshall(attributes) as Stored
  if (!scope) return undefined
  return {
    id: pk.slice('FREEZE#'.length),
    scope,
    by,
    why,
    at,
    active,
    ...(until === undefined ? {} : { until }),
    ...(releaseAskedBy ? { releaseAskedBy } : {}),
  }
}

/** Nobody: it is the deploy that says so, and only a deploy takes it back. */
const deploy = { issuer: 'deploy', subject: 'deploy', name: 'the deploy', kind: 'workload' } as const

export function freezeReader({ client, storyTable, frozen, epoch = 0 }: DynamoSettings, { send }: Sender): Pick<Ledger, 'frozen'> {
  const holds = (freeze: (Freeze & { active: boolean }) | undefined, now: Instant) =>
    freeze?.active === true && (freeze.until === undefined || freeze.until > now)
  return {
    async frozen({ issuer, subject, profile, target }, now) {
      if (frozen !== undefined) return done({ id: freezeId({ kind: 'all' }), scope: { kind: 'all' }, by: deploy, why: frozen, at: epoch })
      const scopes: FreezeScope[] = [
        { kind: 'all' },
        { kind: 'issuer', id: issuer },
        { kind: 'subject', issuer, id: subject },
        { kind: 'profile', id: profile },
        { kind: 'target', id: target },
      ]
      const answer = await send(async () => {
        const Keys = scopes.map((scope) => marshall({ pk: freezeKey(freezeId(scope)) }))
        const got = await client.send(new BatchGetItemCommand({ RequestItems: { [storyTable]: { Keys, ConsistentRead: true } } }))
        // What was not read may be the very freeze.
        if (Object.keys(got.UnprocessedKeys ?? {}).length > 0) throw new Error('some freezes could not be read')
        return got.Responses?.[storyTable] ?? []
      })
      if (answer.outcome !== 'done') return { outcome: 'unknown', cause: answer.outcome === 'unknown' ? answer.cause : 'blocked' }
      return done(answer.value.map(toFreeze).find((freeze) => holds(freeze, now)))
    },
  }
}
