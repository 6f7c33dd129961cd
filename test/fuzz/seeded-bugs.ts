/**
 * Bugs that the fuzzers must find: each is a change of one place of the source, and the target that must notice it. `npm run fuzz -- seeded`
 * puts in one at a time.
 */
import type { Bug } from '../support/seeded.ts'

export type FuzzedBug = Bug & { readonly target: string }

const TOKEN = 'packages/core/src/identity/token.ts'
const CALLER = 'packages/core/src/identity/caller.ts'
const NOTE = 'packages/tlog/src/note.ts'
const TILES = 'packages/tlog/src/tiles.ts'

export const fuzzedBugs: readonly FuzzedBug[] = [
  {
    name: 'token: a critical extension is accepted',
    target: 'token',
    file: TOKEN,
    from: "if ('crit' in header.value || 'b64' in header.value)",
    to: "if ('b64' in header.value)",
  },
  {
    name: 'token: another audience is accepted',
    target: 'token',
    file: TOKEN,
    from: 'return audiences.some((value) => issuer.audiences.includes(value as string))',
    to: 'return audiences.every((value) => value !== undefined)',
  },
  {
    name: 'token: an expired token is accepted',
    target: 'token',
    file: TOKEN,
    from: 'if (late >= seconds(CLOCK_GRACE_SECONDS))',
    to: 'if (late >= seconds(CLOCK_GRACE_SECONDS * 1000))',
  },
  {
    name: 'token: base64url is read loosely',
    target: 'token',
    file: TOKEN,
    from: "return bytes.toString('base64url') === segment ? bytes : undefined",
    to: 'return bytes',
  },
  {
    name: 'token: any type of token is accepted',
    target: 'token',
    file: TOKEN,
    from: '    useFault(issuer, token, claims) ??\n',
    to: '',
  },
  {
    name: 'token: the name is the subject',
    target: 'token',
    file: CALLER,
    from: '    ...subjectOf(sub),',
    to: "    ...subjectOf(typeof claims.name === 'string' ? claims.name : sub),",
  },
  {
    name: 'token: everyone has a second factor',
    target: 'token',
    file: CALLER,
    from: 'mfa: usedSecondFactor(claims, mfaAcrOf(issuer)),',
    to: 'mfa: usedSecondFactor(claims, mfaAcrOf(issuer)) || issuer.url !== sub,',
  },
  {
    name: 'token: of two claims with one name, the last counts',
    target: 'token',
    file: 'packages/core/src/json.ts',
    from: "if (names.has(decoded)) return 'duplicate-member'",
    to: "if (names.has(decoded) && names.size > 99) return 'duplicate-member'",
  },
  {
    name: 'body: a caller widens a policy',
    target: 'body',
    file: 'packages/core/src/scope/policy.ts',
    from: 'if (strayed >= 0) {',
    to: 'if (strayed > inner.length) {',
  },
  {
    name: 'body: a duration above the maximum is accepted',
    target: 'body',
    file: 'packages/core/src/scope/terms.ts',
    from: 'wanted < MIN_DURATION_SECONDS || wanted > longest',
    to: 'wanted < MIN_DURATION_SECONDS',
  },
  {
    name: 'policy: a variable is accepted',
    target: 'policy',
    file: 'packages/core/src/scope/parameters.ts',
    from: "if (value.includes('$'))",
    to: "if (value.startsWith('$'))",
  },
  {
    name: 'policy: ? is not a wildcard',
    target: 'policy',
    file: 'packages/core/src/scope/parameters.ts',
    from: '/[*?]/.test(value)',
    to: '/[*]/.test(value)',
  },
  {
    name: 'containment: a star covers by its first characters',
    target: 'containment',
    file: 'packages/iam/src/pattern.ts',
    from: "else if (token !== '*' && reach[i]",
    to: 'else if (reach[i]',
  },
  {
    name: 'containment: fewer exclusions are contained',
    target: 'containment',
    file: 'packages/iam/src/containment.ts',
    from: 'return wide.names.every((left) => narrow.names.some((outer) => covering(outer, left)))',
    to: 'return narrow.names.every((left) => wide.names.some((outer) => covering(outer, left)))',
  },
  {
    name: 'names: = is not escaped',
    target: 'names',
    file: 'packages/core/src/identity/name.ts',
    from: '/^[\\w+,.@-]$/',
    to: '/^[\\w+=,.@-]$/',
  },
  {
    name: 'names: a tag that looks escaped stays',
    target: 'names',
    file: 'packages/core/src/tag-value.ts',
    from: '|=(?=[\\dA-F]{2})',
    to: '',
  },
  {
    name: 'patterns: * crosses a slash',
    target: 'patterns',
    file: 'packages/core/src/config/matcher.ts',
    from: "(part === '**' || text[at - 1] !== '/')",
    to: '(part !== undefined)',
  },
  {
    name: 'patterns: a trailing star is forgotten',
    target: 'patterns',
    file: 'packages/iam/src/pattern.ts',
    from: '  while (pattern[at] === ANY) at++\n',
    to: '',
  },
  {
    name: 'notes: loose base64 is accepted',
    target: 'notes',
    file: NOTE,
    from: "return bytes.toString('base64') === text ? bytes : undefined",
    to: 'return bytes',
  },
  {
    name: 'tiles: a path with leading zeros is accepted',
    target: 'tiles',
    file: TILES,
    from: 'return isPossible && tilePath(tile) === path ? tile : undefined',
    to: 'return isPossible ? tile : undefined',
  },
  {
    name: 'tiles: bytes after the last entry are accepted',
    target: 'tiles',
    file: TILES,
    from: 'return at === bytes.length && entries.length === width',
    to: 'return entries.length === width',
  },
  {
    name: 'slack: a field may appear twice',
    target: 'slack',
    file: 'packages/broker/src/slack/payload.ts',
    from: 'if (form.size !== [...given.keys()].length)',
    to: 'if (form.size > [...given.keys()].length)',
  },
  {
    name: 'slack: another app is accepted',
    target: 'slack',
    file: 'packages/broker/src/slack/payload.ts',
    from: 'if (call.app !== pinned.app)',
    to: 'if (call.app === undefined)',
  },
  {
    name: 'sigv4: headers are not trimmed',
    target: 'sigv4',
    file: 'packages/sandbox/src/aws/sigv4.ts',
    from: "          .trim()\n          .replace(/\\s+/g, ' ')",
    to: "          .replace(/\\s+/g, ' ')",
  },
  {
    name: 'sigv4: an unsigned x-amz header is accepted',
    target: 'sigv4',
    file: 'packages/sandbox/src/aws/sigv4.ts',
    from: "    ...Object.keys(headers).filter((name) => name.startsWith('x-amz-')),\n",
    to: '',
  },
]
