/**
 * Rules that look right and never match. Sources: GitHub Docs, "OpenID Connect reference" (`ref` is a full ref; the subject names the
 * environment if the job has one, else the ref or `pull_request`).
 */
import { knowledge } from '@stint/core/config/issuers/index'
import type { ClaimRef, Matcher, Preset } from '@stint/core/config/shape'
import type { ClaimMatchers } from './reach.ts'

type Trap = { readonly claim: ClaimRef; readonly what: string }

export function trapsIn(said: ClaimMatchers, preset: Preset): readonly Trap[] {
  const values = (claim: ClaimRef) => exactOf(said[claim])
  // Elsewhere a value can hold a star: a scope `orders:*` is complete.
  const documented = preset === 'github' || preset === 'gitlab' ? knowledge[preset].claims : {}
  const starred = Object.keys(said)
    .filter((claim) => Object.hasOwn(documented, claim))
    .flatMap((claim) =>
      values(claim)
        .filter((value) => value.includes('*'))
        .map((value) => ({ claim, what: `'${value}' is compared as it stands, with its *. Use glob(…).` })),
    )
  if (preset !== 'github') return starred
  const short = values('ref')
    .filter((ref) => !ref.startsWith('refs/') && !ref.includes('*'))
    .map((ref) => ({ claim: 'ref', what: `'${ref}' is not a full ref, such as 'refs/heads/${ref}'.` }))
  const mixed = [
    ['tag', 'refs/heads/'],
    ['branch', 'refs/tags/'],
  ].flatMap(([type = '', prefix = '']) =>
    values('ref_type').includes(type) && values('ref_type').length === 1 && all(values('ref'), (ref) => ref.startsWith(prefix))
      ? [{ claim: 'ref', what: `A ${type} is never under ${prefix}.` }]
      : [],
  )
  const subject = [
    ...(all(values('sub'), (sub) => sub.endsWith(':pull_request')) && all(values('event_name'), (event) => event === 'push')
      ? [{ claim: 'sub', what: "A push never has the subject ':pull_request'." }]
      : []),
    ...(all(values('sub'), (sub) => sub.includes(':ref:')) && values('environment').length > 0
      ? [{ claim: 'sub', what: 'The subject of a job with an environment names the environment, never the ref.' }]
      : []),
  ]
  return [...starred, ...short, ...mixed, ...subject]
}

const all = (values: readonly string[], test: (value: string) => boolean): boolean => values.length > 0 && values.every(test)

/** The exact strings of a matcher, if it is made of nothing else. */
function exactOf(matcher: Matcher | undefined): readonly string[] {
  if (typeof matcher === 'string') return [matcher]
  if (typeof matcher !== 'object' || !('oneOf' in matcher)) return []
  const texts = matcher.oneOf.filter((value) => typeof value === 'string')
  return texts.length === matcher.oneOf.length ? texts : []
}
