/** The exit codes of every command. docs/guides/cli.md has the same table, and a test compares the two. */

export const exits = {
  ok: { code: 0, means: 'done' },
  failed: { code: 1, means: 'failed; for lint, test, doctor and audit: there are findings' },
  usage: { code: 2, means: 'invalid usage' },
  denied: { code: 3, means: 'denied: you do not have permission' },
  signIn: { code: 4, means: 'sign in first, or sign in again' },
  unreachable: { code: 5, means: 'the broker, the issuer or a file is unreachable or unreadable' },
  ruleBroken: { code: 6, means: 'audit verify: an event breaks a rule' },
  tableDiffers: { code: 7, means: 'audit verify: the table differs from the log' },
  waiting: { code: 8, means: 'the request is waiting for approval' },
  notJudged: { code: 9, means: 'audit reconcile: CloudTrail has no records of an account, so it was not judged' },
  notStarted: { code: 125, means: 'exec, shell: there are no credentials, so the command was not started' },
  notExecutable: { code: 126, means: 'exec, shell: the command cannot be executed' },
  notFound: { code: 127, means: 'exec, shell: the command was not found' },
  interrupted: { code: 130, means: 'interrupted with Ctrl-C' },
} as const satisfies Record<string, { readonly code: number; readonly means: string }>

export type Exit = keyof typeof exits
export const exitCode = (exit: Exit): number => exits[exit].code
