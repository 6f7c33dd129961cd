/**
 * Bugs that were once missed, or would be dear: each is a change of one place of the source, and the tests that must fail
 * with it. `npm run verify:seeded` puts in one at a time in a clone and runs those tests; `test/tidy` checks that every place
 * still exists, so that the list does not rot.
 */
import type { Bug } from '../support/seeded.ts'

export type SeededBug = Bug & {
  /** Paths of test files, or the beginnings of them. */
  readonly tests: readonly string[]
}

const STORE = 'packages/broker/src/adapters/dynamodb'
const CONDITIONS = [`${STORE}/conditions.test.ts`]

/** A clause that holds whatever it says; its values stay used, as DynamoDB demands. */
const always = (clause: string) => `(${clause} OR attribute_exists(pk))`

export const seededBugs: readonly SeededBug[] = [
  // ── The vend path ──────────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'record: credentials leave after a revoke',
    file: `${STORE}/sessions.ts`,
    from: ' AND #state = :approved AND :expiresAt > :now',
    to: ` AND ${always('#state = :approved')} AND :expiresAt > :now`,
    tests: [...CONDITIONS, 'test/e2e/approvals.test.ts', 'test/faults/interleavings.test.ts'],
  },
  {
    name: 'the limits of the container protocol are counted and not kept',
    file: 'packages/broker/src/vend/vend.ts',
    from: ' ?? limitRefusal(counted, slot, call.now)',
    to: '',
    tests: ['test/e2e/container-endpoint.test.ts'],
  },
  {
    name: 'a refusal for a shell is JSON',
    file: 'packages/broker/src/http/vend.ts',
    from: 'inRefusalFormat(reply, () => refusalFormat(request))',
    to: 'reply',
    tests: ['test/e2e/refusal-formats.test.ts'],
  },
  {
    name: 'record: issued after its end',
    file: `${STORE}/sessions.ts`,
    from: ' AND :expiresAt > :now AND windowExpiresAt > :now',
    to: ` AND ${always(':expiresAt > :now')} AND windowExpiresAt > :now`,
    tests: [...CONDITIONS, 'test/faults/interleavings.test.ts'],
  },
  {
    name: 'record: issued after its window',
    file: `${STORE}/sessions.ts`,
    from: ' AND :expiresAt > :now AND windowExpiresAt > :now',
    to: ` AND :expiresAt > :now AND ${always('windowExpiresAt > :now')}`,
    tests: [...CONDITIONS, 'test/faults/interleavings.test.ts'],
  },
  {
    name: 'reserve: attempts are not bounded',
    file: `${STORE}/reserve.ts`,
    from: "'attempts < :maxAttempts'",
    to: `'${always('attempts < :maxAttempts')}'`,
    tests: [...CONDITIONS, 'test/e2e/given-back.test.ts'],
  },
  {
    name: 'reserve: a request of somebody else vends',
    file: `${STORE}/reserve.ts`,
    from: "'callerKey = :callerKey'",
    to: `'${always('callerKey = :callerKey')}'`,
    tests: [...CONDITIONS, 'test/e2e/approvals.test.ts'],
  },
  {
    name: 'reserve: terms that changed since the approval vend',
    file: `${STORE}/reserve.ts`,
    from: "'termsHash = :terms'",
    to: `'${always('termsHash = :terms')}'`,
    tests: [...CONDITIONS, 'test/e2e/approvals.test.ts'],
  },
  {
    name: 'reserve: an answer of another attempt counts as ours',
    file: `${STORE}/reserve.ts`,
    from: "return stored?.attempt === attempt && stored.state === 'reserved'",
    to: "return stored?.state === 'reserved'",
    tests: [`${STORE}/ledger-answers.test.ts`, `${STORE}/ledger.test.ts`, 'test/e2e/approvals.test.ts', 'test/e2e/bad-input.test.ts'],
  },
  {
    name: 'vend: a freeze that cannot be read lets everybody in',
    file: 'packages/broker/src/vend/vend.ts',
    from: "  if (frozen.outcome === 'unknown') return ledgerSilent(frozen.cause)\n",
    to: "  if (frozen.outcome === 'unknown') return undefined\n",
    tests: ['test/faults/freeze.test.ts'],
  },
  {
    name: 'vend: what AWS answers is believed',
    file: 'packages/broker/src/vend/vend.ts',
    from: 'if (fault !== undefined) return drop(',
    to: 'if (fault === broker.build) return drop(',
    tests: ['test/faults/sts-answers.test.ts'],
  },
  {
    name: 'vend: the session tag is transitive',
    file: 'packages/core/src/scope/assume-role.ts',
    from: 'value: session, transitive: false',
    to: 'value: session, transitive: true',
    tests: ['packages/core/src/scope/assume-role.test.ts', 'test/e2e/minting.test.ts'],
  },
  {
    name: 'policy: the end is missing from the session policy',
    file: 'packages/core/src/scope/policy.ts',
    from: '...(deny ? [deny] : []), denyAfter(expiresAt)]',
    to: '...(deny ? [deny] : []), ...(expiresAt < 0 ? [denyAfter(expiresAt)] : [])]',
    tests: ['packages/core/src/scope/', 'test/e2e/minting.test.ts'],
  },
  {
    name: 'policies: an incomplete ARN is accepted in a session policy',
    file: 'packages/iam/src/arn-pattern.ts',
    from: 'if (rest.length === 0)',
    to: 'if (rest.length < 0)',
    tests: ['packages/iam/src/parse.test.ts', 'packages/core/src/scope/narrow.test.ts'],
  },
  {
    name: 'policies: an identity-based Deny on an incomplete ARN does not fire',
    file: 'packages/iam/src/parse.ts',
    from: 'identity: { completeArn, zoneless: true }',
    to: 'identity: { completeArn: (name: string) => (name.startsWith("x") ? completeArn(name) : name), zoneless: true }',
    tests: ['packages/iam/src/parse.test.ts', 'test/differential/managed-policies.test.ts'],
  },
  {
    name: 'parameters: one inside a policy variable is accepted',
    file: 'packages/core/src/config/policy-check.ts',
    from: "text.lastIndexOf('${', index) > text.lastIndexOf('}', index)",
    to: "text.lastIndexOf('${', index) > text.length",
    tests: ['packages/core/src/config/policy-check.test.ts'],
  },
  {
    name: 'tags: two claims become one value',
    file: 'packages/core/src/tag-value.ts',
    from: '=(?=[\\dA-F]{2})|',
    to: '=(?=[\\dA-F]{9})|',
    tests: ['packages/core/src/tag-value.test.ts'],
  },
  {
    name: 'containment: an incomplete ARN proves something',
    file: 'packages/iam/src/containment.ts',
    from: "name === '*' || arnFault(name) === undefined",
    to: "name !== '' || arnFault(name) === undefined",
    tests: ['packages/iam/src/containment.test.ts', 'test/differential/containment.test.ts'],
  },
  {
    name: 'containment: a variable of one version is taken for plain text of the other',
    file: 'packages/iam/src/containment.ts',
    from: 'wide.variables === narrow.variables || ',
    to: 'wide.variables === wide.variables || ',
    tests: ['packages/iam/src/containment.test.ts', 'test/differential/containment.test.ts'],
  },
  {
    name: 'narrow: an Allow of narrow is ignored',
    file: 'packages/core/src/scope/policy.ts',
    from: 'const kept = allows.length > 0 ? allows : statements.filter(isAllow)',
    to: 'const kept = statements.filter(isAllow)',
    tests: ['packages/core/src/scope/terms.test.ts'],
  },
  {
    name: 'narrow: a wider Allow passes',
    file: 'packages/core/src/scope/policy.ts',
    from: 'if (strayed >= 0) {',
    to: 'if (strayed >= 1_000) {',
    tests: ['packages/core/src/scope/terms.test.ts'],
  },
  // ── Who may ────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'responders and approvers: MFA, sign-in age and address are ignored',
    file: 'packages/core/src/access/decide.ts',
    from: 'claimsFit(who, caller) && hurdlesFor(who, caller, context).length === 0)',
    to: 'claimsFit(who, caller) && hurdlesFor(who, caller, context).length >= 0)',
    tests: ['packages/core/src/access/', 'test/e2e/kill-switch.test.ts', 'test/e2e/approvals.test.ts'],
  },
  {
    name: 'rules: an IPv6 address is read as 0',
    file: 'packages/iam/src/ip.ts',
    from: '.reduce((sum: bigint, group: bigint) => (sum << 16n) | group, 0n)',
    to: '.reduce((sum: bigint, group: bigint) => (sum << 16n) & group, 0n)',
    tests: ['packages/iam/src/ip.test.ts', 'packages/core/src/access/decide.test.ts'],
  },
  {
    name: 'rules: a rule of another issuer admits',
    file: 'packages/core/src/access/decide.ts',
    from: 'if (who.issuer !== caller.issuer || entries.length === 0) return false',
    to: 'if (entries.length === 0) return false',
    tests: ['packages/core/src/access/', 'test/attack/attack.test.ts'],
  },
  {
    name: 'approval: the requester approves their own request',
    file: 'packages/core/src/request/machine.ts',
    from: "  if (isSelf(request, actor)) return refused('self-approval', 'You cannot decide your own request.')\n",
    to: '',
    tests: ['packages/core/src/request/machine.test.ts', 'test/e2e/approvals.test.ts'],
  },
  {
    name: 'approval: one approver counts for two',
    file: 'packages/core/src/request/machine.ts',
    from: "if (mine && (state === 'pending' || state === 'approved')) return done('unchanged')",
    to: "if (mine && state === 'approved') return done('unchanged')",
    tests: ['packages/core/src/request/machine.test.ts', 'test/e2e/approvals.test.ts'],
  },
  {
    name: 'asks: five that wait become soft',
    file: `${STORE}/waiting-places.ts`,
    from: 'taken < :most',
    to: always('taken < :most'),
    tests: [...CONDITIONS, 'test/faults/interleavings.test.ts'],
  },
  // ── Tokens ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'tokens: a critical extension is ignored',
    file: 'packages/core/src/identity/token.ts',
    from: "if ('crit' in header.value || 'b64' in header.value)",
    to: "if ('b64' in header.value)",
    tests: ['packages/core/src/identity/token.test.ts', 'test/attack/attack.test.ts'],
  },
  {
    name: 'tokens: the audience of another service is accepted',
    file: 'packages/core/src/identity/token.ts',
    from: '    audienceFault(issuer, claims) ??\n',
    to: '',
    tests: ['packages/core/src/identity/token.test.ts', 'test/attack/attack.test.ts'],
  },
  {
    name: 'tokens: a session that Stint vended comes back as a caller',
    file: 'packages/core/src/identity/own-session.ts',
    from: 'key.toLowerCase() === SESSION_TAG',
    to: 'key === `${SESSION_TAG}s`',
    tests: ['packages/core/src/identity/own-session.test.ts', 'test/e2e/minting.test.ts'],
  },
  {
    name: 'keys: two keys under one kid',
    file: 'packages/broker/src/adapters/jwks.ts',
    from: '(spellings.get(kid)?.size ?? 0) > 1',
    to: '(spellings.get(kid)?.size ?? 0) > 9',
    tests: ['packages/broker/src/adapters/jwks.test.ts'],
  },

  // ── The command line ───────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'command line: the credentials endpoint answers without its token',
    file: 'packages/cli/src/credentials/endpoint.ts',
    from: "!same(request.headers.authorization ?? '', token)",
    to: '!same(request.headers.authorization ?? token, token)',
    tests: ['packages/cli/src/credentials/endpoint.test.ts'],
  },
  {
    name: 'command line: the credentials endpoint answers a web page',
    file: 'packages/cli/src/credentials/endpoint.ts',
    from: '!isLoopback(request.headers.host)',
    to: "!isLoopback('localhost')",
    tests: ['packages/cli/src/credentials/endpoint.test.ts'],
  },
  {
    name: 'command line: files that others can read are trusted',
    file: 'packages/cli/src/frame/private-file.ts',
    from: '(found.mode & 0o077) !== 0) throw',
    to: '(found.mode & 0) !== 0) throw',
    tests: ['test/cli/parallel.test.ts'],
  },
  {
    name: 'command line: two processes spend one refresh token',
    file: 'packages/cli/src/frame/lock.ts',
    from: 'while (!(await createPrivate(path, mine)))',
    to: "while (!(await createPrivate(path, mine)) && mine === '')",
    tests: ['test/cli/parallel.test.ts'],
  },
  {
    name: 'command line: a broker takes the tokens of another',
    file: 'packages/cli/src/sign-in/issuer.ts',
    from: 'metadata.resource !== url',
    to: "metadata.resource === ''",
    tests: ['test/cli/sign-in.test.ts'],
  },
  {
    name: 'command line: stint env keeps old credentials when it fails',
    file: 'packages/cli/src/credentials/env.ts',
    from: 'if (code !== 0 && !flags.json) stdout.write(failure(shell, env, code))',
    to: 'if (code < 0 && !flags.json) stdout.write(failure(shell, env, code))',
    tests: ['test/cli/scripts.test.ts'],
  },
  {
    name: 'command line: what is kept does not depend on the subject of the token',
    file: 'packages/cli/src/sign-in/standing-token.ts',
    from: "new Set(['iat', 'nbf',",
    to: "new Set(['sub', 'iat', 'nbf',",
    tests: ['packages/cli/src/sign-in/standing-token.test.ts'],
  },
]
