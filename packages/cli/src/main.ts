/**
 * `stint`: the commands of the command line. The code of a command is loaded when the command runs.
 *
 * Exit codes: 0 success · 2 invalid usage · 5 unreachable. The help of each command lists its other codes.
 */
import { parseIso } from '@stint/core/instant'
import { buildApplication, buildCommand, buildRouteMap, numberParser, run, text_en } from '@stricli/core'
import type { Context } from './context.ts'
import { forPeople } from './output.ts'

const text = (value: string) => value
const instant = (value: string): number => {
  const at = parseIso(/^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value)
  if (at === undefined) throw new SyntaxError('must be a day (2026-11-24) or an RFC 3339 time')
  return at
}

const from = {
  kind: 'parsed',
  parse: text,
  brief: 'A folder with a copy of the log, or the URL of /audit/log',
  placeholder: 'URL|DIR',
} as const
const json = { kind: 'boolean', brief: 'Print JSON', default: false } as const
const trust = {
  vkey: {
    kind: 'parsed',
    parse: text,
    variadic: true,
    optional: true,
    brief: 'The public key of the log. Repeat it for each key if the key was rotated',
  },
  witness: { kind: 'parsed', parse: text, variadic: true, optional: true, brief: 'The vkey of a witness. Repeatable' },
  quorum: { kind: 'parsed', parse: numberParser, default: '0', brief: 'The number of witness signatures required' },
} as const
const token = {
  tokenFile: { kind: 'parsed', parse: text, optional: true, brief: 'A file with the JWT of an auditor (default: $STINT_TOKEN)' },
} as const
const table = {
  table: { kind: 'parsed', parse: text, optional: true, brief: 'The story table to compare with the log' },
  region: { kind: 'parsed', parse: text, optional: true, brief: 'The region of the table (default: $AWS_REGION)' },
} as const

const verify = buildCommand({
  docs: {
    brief: 'Verify the audit log',
    fullDescription:
      'Reads the whole log and checks every hash, signature, commitment and rule. Stores the checkpoint, and checks at the next run that the log continues it.\n\n' +
      'Exit codes: 0 verified · 1 tampered with · 6 a rule is broken · 7 table and log differ · 5 something is unreadable · 2 invalid usage',
  },
  parameters: {
    flags: {
      from,
      ...trust,
      ...token,
      ...table,
      remember: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'The file that stores the checkpoint (default: one in your state folder)',
      },
      tilesOnly: {
        kind: 'boolean',
        default: false,
        brief: 'Check entries and hashes only, for a copy of a public log, which has no events',
      },
      forget: { kind: 'boolean', default: false, brief: 'Neither read nor write the stored checkpoint' },
      json,
    },
  },
  loader: async () => (await import('./audit/commands.ts')).verifyCommand,
})

const reconcile = buildCommand({
  docs: {
    brief: 'Reconcile CloudTrail with the audit log',
    fullDescription:
      'Matches AssumeRole calls by role session name, source identity and access key ID. Reports calls that bypassed Stint, sessions that AWS never saw, and what each session did.\n\n' +
      'Exit codes: 0 no findings · 1 findings · 5 something is unreadable · 2 invalid usage; others as for verify',
  },
  parameters: {
    flags: {
      from,
      trail: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        brief: 'A folder of CloudTrail files, from one or more accounts',
        placeholder: 'DIR',
      },
      role: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        optional: true,
        brief: 'The ARN of a target role that no session has used yet',
      },
      vkey: trust.vkey,
      ...token,
      json,
    },
  },
  loader: async () => (await import('./audit/commands.ts')).reconcileCommand,
})

const receipt = buildCommand({
  docs: {
    brief: 'Verify a receipt offline',
    fullDescription:
      'Checks a .tlog-proof from Stint: event, commitment, entry, tree and signature.\n\nExit codes: 0 verified · 1 invalid · 2 invalid usage',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ parse: text, brief: 'The receipt, or - for stdin', placeholder: 'FILE' }] },
    flags: { ...trust, json },
  },
  loader: async () => (await import('./audit/commands.ts')).receiptCommand,
})

const exportEvents = buildCommand({
  docs: {
    brief: 'Export the events of a period with their proofs',
    fullDescription: 'Each line has the event and a receipt that proves it against the current checkpoint.',
  },
  parameters: {
    flags: {
      from,
      ...token,
      vkey: trust.vkey,
      since: { kind: 'parsed', parse: instant, optional: true, brief: 'The start, inclusive', placeholder: 'TIME' },
      until: { kind: 'parsed', parse: instant, optional: true, brief: 'The end, exclusive', placeholder: 'TIME' },
      format: { kind: 'enum', values: ['ndjson', 'csv'], default: 'ndjson', brief: 'ndjson or csv' },
      out: { kind: 'parsed', parse: text, default: '-', brief: 'The file to write, or - for stdout', placeholder: 'FILE' },
    },
  },
  loader: async () => (await import('./audit/commands.ts')).exportCommand,
})

const copy = buildCommand({
  docs: {
    brief: 'Copy the log to a folder, or update a copy',
    fullDescription: 'Anyone can verify the copy without access to Stint: stint audit verify --from DIR.',
  },
  parameters: { flags: { from, ...token, to: { kind: 'parsed', parse: text, brief: 'The folder', placeholder: 'DIR' } } },
  loader: async () => (await import('./audit/commands.ts')).copyCommand,
})

const sideTable = { kind: 'parsed', parse: text, brief: 'The side table', placeholder: 'NAME' } as const

const erase = buildCommand({
  docs: {
    brief: "Erase a person's data from requests, and keep the log verifiable",
    fullDescription:
      'Erases the events of ended requests from the table and the event store, and records the erasure in the journal. Without --yes, it only lists them.\n\n' +
      'Exit codes: 0 erased · 1 some could not be erased · 5 unreachable · 2 invalid usage',
  },
  parameters: {
    flags: {
      request: { kind: 'parsed', parse: text, variadic: true, optional: true, brief: 'A request. Repeatable', placeholder: 'ID' },
      issuer: { kind: 'parsed', parse: text, optional: true, brief: 'With --subject: every request of this caller' },
      subject: { kind: 'parsed', parse: text, optional: true, brief: "The subject, as in the issuer's tokens" },
      operator: { kind: 'parsed', parse: text, brief: 'Who runs the command: preferably a team, not a person' },
      justification: { kind: 'parsed', parse: text, brief: 'The justification, without the name of the person' },
      table: { kind: 'parsed', parse: text, brief: 'The story table', placeholder: 'NAME' },
      sideTable,
      eventsBucket: { kind: 'parsed', parse: text, brief: 'The bucket of the events', placeholder: 'NAME' },
      region: table.region,
      yes: { kind: 'boolean', default: false, brief: 'Apply the changes' },
    },
  },
  loader: async () => (await import('./audit/commands.ts')).eraseCommand,
})

const rebuild = buildCommand({
  docs: {
    brief: 'Rebuild the search index from the log',
    fullDescription: 'The look-up rows are derived from the log, so they can be rebuilt at any time.',
  },
  parameters: { flags: { from, ...token, sideTable, region: table.region } },
  loader: async () => (await import('./audit/commands.ts')).rebuildCommand,
})

const restore = buildCommand({
  docs: {
    brief: 'Restore what a table from a backup lost, from the log',
    fullDescription:
      'Lists requests, links, freezes and facts that the table lacks, or that differ from the log. With --yes, restores the journal of each. A restored request has ended, a link must be made again, and a freeze that was in force is in force again. Events that were written since follow those of the log. --yes needs --operator, and a key that you trust: --vkey, here or when you verified the log.\n\n' +
      'Exit codes: 0 done · 1 some items changed meanwhile and were skipped · 5 unreachable, or the log is invalid · 2 invalid usage',
  },
  parameters: {
    flags: {
      from,
      ...token,
      vkey: trust.vkey,
      operator: { kind: 'parsed', parse: text, optional: true, brief: 'Who runs the command: preferably a team, not a person' },
      table: { kind: 'parsed', parse: text, brief: 'The story table', placeholder: 'NAME' },
      region: table.region,
      yes: { kind: 'boolean', default: false, brief: 'Apply the changes' },
    },
  },
  loader: async () => (await import('./audit/commands.ts')).restoreCommand,
})

const audit = buildRouteMap({
  routes: { verify, copy, receipt, export: exportEvents, reconcile, erase, rebuild, restore },
  docs: { brief: 'Verify, export and reconcile the audit log' },
})

const binding = (value: string) => {
  if (!/^[^=]+=/.test(value)) throw new SyntaxError('must be NAME=VALUE')
  return value
}
const configFlags = {
  config: { kind: 'parsed', parse: text, default: 'stint.config.ts', brief: 'The config', placeholder: 'FILE' },
  binding: {
    kind: 'parsed',
    parse: binding,
    variadic: true,
    optional: true,
    brief: 'A value for a binding that a deployment sets',
    placeholder: 'NAME=VALUE',
  },
} as const

const lint = buildCommand({
  docs: {
    brief: 'Check the config for rules known to cause breaches',
    fullDescription:
      'Each finding names the rule, the place, the kind of incident behind it and the fix. See docs/lint-rules.md for all rules. To silence a finding, put this comment on the line above it: // stint-lint-ignore RULE: reason\n\n' +
      'Exit codes: 0 no errors · 1 errors (with --strict: warnings too) · 5 the config is unreadable · 2 invalid usage',
  },
  parameters: {
    flags: {
      ...configFlags,
      online: { kind: 'boolean', default: false, brief: "Also fetch each issuer's discovery document" },
      strict: { kind: 'boolean', default: false, brief: 'Fail on warnings too' },
      json,
    },
  },
  loader: async () => (await import('./lint/command.ts')).lintCommand,
})

const testCases = buildCommand({
  docs: {
    brief: 'Run the access tests',
    fullDescription:
      'Checks the config against a table of callers, profiles and expected outcomes. See docs/guides/config.md.\n\n' +
      'Exit codes: 0 all cases passed · 1 some cases failed · 5 the config or table is unreadable · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ parse: text, brief: 'The table', placeholder: 'FILE', default: 'test/access.ts' }],
    },
    flags: { ...configFlags, verbose: { kind: 'boolean', default: false, brief: 'Also list the cases that passed' }, json },
  },
  loader: async () => (await import('./cases/command.ts')).testCommand,
})

const broker = {
  url: { kind: 'parsed', parse: text, optional: true, brief: 'The URL of the broker (default: $STINT_URL)', placeholder: 'URL' },
  tokenFile: { kind: 'parsed', parse: text, optional: true, brief: 'A file with your JWT (default: $STINT_TOKEN)' },
} as const
const slackExits = 'Exit codes: 0 done · 1 refused · 5 unreachable · 2 invalid usage'

const slackLink = buildCommand({
  docs: {
    brief: 'Link your Slack user',
    fullDescription: `Shows a code, waits until it is entered in Slack, and asks you to confirm the Slack user. Needs a token from a sign-in in the last five minutes.\n\n${slackExits}`,
  },
  parameters: {
    flags: {
      ...broker,
      user: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'Your Slack user ID: accept only this user, without asking',
        placeholder: 'U…',
      },
      email: { kind: 'boolean', default: false, brief: 'Link by email, without a code, where the config trusts the workspace' },
    },
  },
  loader: async () => (await import('./slack/command.ts')).linkCommand,
})

const slackUnlink = buildCommand({
  docs: { brief: 'Remove the link to your Slack user', fullDescription: slackExits },
  parameters: { flags: broker },
  loader: async () => (await import('./slack/command.ts')).unlinkCommand,
})

const slackStatus = buildCommand({
  docs: { brief: 'Show your linked Slack user', fullDescription: slackExits },
  parameters: { flags: broker },
  loader: async () => (await import('./slack/command.ts')).statusCommand,
})

const slack = buildRouteMap({
  routes: { link: slackLink, unlink: slackUnlink, status: slackStatus },
  docs: { brief: 'Manage the link to your Slack user' },
})

const targetAdd = buildCommand({
  docs: {
    brief: 'Add accounts as targets',
    fullDescription:
      'Prints entries for `targets` in stint.config.ts. With --to, adds them to a JSON file that the config imports. If a name or a role exists already, nothing is written.\n\n' +
      'Exit codes: 0 done · 1 a row or the config is invalid · 2 invalid usage',
  },
  parameters: {
    flags: {
      account: { kind: 'parsed', parse: text, optional: true, brief: 'The account ID of one target' },
      name: { kind: 'parsed', parse: text, optional: true, brief: 'The name of the target in the config' },
      csv: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'A CSV file with the columns name, account and, optionally, role and region',
        placeholder: 'FILE',
      },
      role: { kind: 'parsed', parse: text, default: 'Stint', brief: 'The name of the role, unless the list has one' },
      region: { kind: 'parsed', parse: text, default: 'eu-central-1', brief: 'The region of the STS endpoint, unless the list has one' },
      path: { kind: 'parsed', parse: text, default: '/stint/', brief: 'The path of the roles' },
      prefix: { kind: 'parsed', parse: text, default: 'stint', brief: 'The prefix of the external IDs, before account and role' },
      config: { kind: 'parsed', parse: text, default: 'stint.config.ts', brief: 'The config file', placeholder: 'FILE' },
      binding: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        optional: true,
        brief: 'A value for a binding of the config',
        placeholder: 'NAME=VALUE',
      },
      to: { kind: 'parsed', parse: text, optional: true, brief: 'A JSON file of targets to add to', placeholder: 'FILE' },
      parameters: { kind: 'parsed', parse: text, optional: true, brief: 'A folder for the stack parameters', placeholder: 'DIR' },
      brokerRole: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: "The ARN of the broker's role, which the stacks trust",
        placeholder: 'ARN',
      },
      policy: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        optional: true,
        brief: 'A managed policy to attach to the roles. Repeatable',
        placeholder: 'ARN',
      },
    },
  },
  loader: async () => (await import('./target/command.ts')).addCommand,
})

const target = buildRouteMap({ routes: { add: targetAdd }, docs: { brief: 'Manage target roles' } })

const app = buildApplication(
  buildRouteMap({
    routes: { lint, test: testCases, target, slack, audit },
    docs: { brief: 'Temporary AWS credentials, with approvals and a verifiable audit log' },
  }),
  {
    name: 'stint',
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    // A bug is shown with its stack. Its message may quote a server or a file, so it is made safe for the terminal.
    localization: {
      loadText: () => ({
        ...text_en,
        formatException: (thrown) => forPeople(String(thrown instanceof Error ? (thrown.stack ?? thrown) : thrown)),
      }),
    },
    documentation: { disableAnsiColor: !process.stdout.isTTY || process.env.NO_COLOR !== undefined },
  },
)

// The reader of the output can close it early: `stint … | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
await run(app, process.argv.slice(2), { process } as Context & { process: { exitCode: number | null } })
// stricli's own exit codes are negative. All of them mean invalid usage, which is 2.
if (typeof process.exitCode === 'number' && process.exitCode < 0) process.exitCode = 2
