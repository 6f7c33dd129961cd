/**
 * The access tests of an imported config: one caller for each way in, the profiles that this caller has, and callers who have none.
 * `rest: 'refused'` holds every caller out of all other profiles.
 */
import { matchesClaim } from '@stint/core/config/matcher'
import type { ClaimRef, Matcher, Who } from '@stint/core/config/shape'
import type { Json, JsonObject } from '@stint/core/json'
import { code, helpersImport, type Named } from './code.ts'
import type { Entry, Setting } from './entries.ts'

type TestCaller = { readonly issuer: string; readonly claims: JsonObject; readonly from?: string }

export function testsText(entries: readonly Entry[], { issuers }: Setting, accounts: Named): string {
  const callers = new Map<string, TestCaller>()
  const known = new Set<string>()
  for (const { profile, eligible } of entries) {
    for (const [index, who] of eligible.entries()) {
      const caller = callerOf(who, issuers[who.issuer]?.kind === 'workload')
      // A value that no pattern of ours can be filled with is left to the reader.
      if (!caller || known.has(JSON.stringify(caller))) continue
      known.add(JSON.stringify(caller))
      const plain = nameOf(caller)
      callers.set(plain !== undefined && !callers.has(plain) ? plain : `caller ${index + 1} of ${profile}`, caller)
    }
  }
  const strangers = strangersOf(issuers)
  const rows: unknown[] = []
  for (const [name, caller] of callers)
    for (const { profile, accounts: list, eligible, approval, justification } of entries) {
      if (!eligible.some((who) => admits(who, caller))) continue
      rows.push({
        caller: name,
        profile,
        accounts: list,
        outcome: approval ? 'approval' : 'allow',
        ...(justification ? { justification: 'INC-4711' } : {}),
      })
    }
  const lists = [...new Set(entries.map((entry) => accounts.get(JSON.stringify(entry.accounts))))].flatMap((name) => name ?? [])
  const helpers = new Set<string>()
  return `/**
 * Who gets in where: written by \`stint import\`, run by \`stint test\`. Add callers of your own, above all those who must not get in.
 */
${helpersImport('type CaseCall, defineCases, type Expected')}
${lists.length > 0 ? `import { ${lists.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).join(', ')} } from '../accounts.ts'\n` : ''}
type Row = { caller: string; profile: string; accounts: readonly string[]; outcome: Expected } & CaseCall

const rows: readonly Row[] = [
${rows.map((row) => `  ${code(row, helpers, accounts, 2)},\n`).join('')}]

export default defineCases({
  callers: ${code(Object.fromEntries([...callers, ...strangers.map(({ name, caller }) => [name, caller] as const)]), helpers, new Map(), 2)},
  cases: [
    ...rows.flatMap(({ caller, profile, accounts, outcome, ...call }) =>
      accounts.map((account): readonly [string, string, Expected, CaseCall] => [caller, \`\${profile}-\${account}\`, outcome, call]),
    ),
${strangers
  .filter(({ outcome }) => outcome !== undefined)
  .map(({ name, outcome }) => `    ${code([name, `${entries[0]?.profile}-${entries[0]?.accounts[0]}`, outcome], helpers, new Map(), 4)},\n`)
  .join('')}  ],
  rest: 'refused',
})
`
}

/** A caller in a word, if the claims allow one. */
function nameOf({ claims }: TestCaller): string | undefined {
  const [group] = Array.isArray(claims.groups) ? claims.groups : []
  if (typeof group === 'string') return `member of ${group}`
  return typeof claims.sub === 'string' ? claims.sub : undefined
}

/** A caller whom this alternative admits, or undefined if no value could be found. */
function callerOf({ issuer, claims, sourceIp }: Who, workload: boolean): TestCaller | undefined {
  const filled: { [claim: ClaimRef]: Json } = workload ? {} : { sub: 'person-1' }
  for (const [claim, matcher] of Object.entries(claims)) {
    const value = sampleOf(matcher)
    if (value === undefined || !matchesClaim(matcher, value)) return undefined
    filled[claim] = value
  }
  const from = sourceIp?.[0]?.split('/')[0]
  return { issuer, claims: filled, ...(from === undefined ? {} : { from }) }
}

/** A value that the matcher may match. The caller checks it. */
function sampleOf(matcher: Matcher): Json | undefined {
  if (typeof matcher !== 'object') return matcher
  if ('oneOf' in matcher) return matcher.oneOf[0]
  if ('includes' in matcher) return [matcher.includes]
  if ('glob' in matcher) return matcher.glob.replaceAll(/\*+/g, 'x')
  if ('any' in matcher) return matcher.any[0] === undefined ? undefined : sampleOf(matcher.any[0])
  if ('all' in matcher) {
    const samples = matcher.all.flatMap((part) => sampleOf(part) ?? [])
    return samples.find((sample) => matchesClaim(matcher, sample)) ?? samples[0]
  }
  return 'not' in matcher ? 'another' : undefined
}

const admits = ({ issuer, claims, sourceIp }: Who, caller: TestCaller): boolean =>
  issuer === caller.issuer &&
  Object.entries(claims).every(([claim, matcher]) =>
    matchesClaim(matcher, Object.hasOwn(caller.claims, claim) ? caller.claims[claim] : undefined),
  ) &&
  (sourceIp === undefined || sourceIp.some((block) => block.split('/')[0] === caller.from))

type Stranger = { readonly name: string; readonly caller: TestCaller; readonly outcome?: string }

/** Callers of each issuer whom no imported rule admits. */
function strangersOf(issuers: Setting['issuers']): readonly Stranger[] {
  return Object.entries(issuers).flatMap(([issuer, { tenant, kind }]): readonly Stranger[] => {
    if (kind === 'human') return [{ name: 'person without groups', caller: { issuer, claims: { sub: 'person-2', groups: [] } } }]
    const [pin] = Object.keys(tenant ?? {})
    const claims = { sub: 'repo:stint-import-stranger/web:ref:refs/heads/main', ref: 'refs/heads/main' }
    return [
      { name: 'job of an unknown repository', caller: { issuer, claims } },
      ...(pin === undefined
        ? []
        : [{ name: 'job of another owner', caller: { issuer, claims: { ...claims, [pin]: '1' } }, outcome: 'token-invalid' }]),
    ]
  })
}
