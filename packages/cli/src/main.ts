/**
 * `stint`: what the command line does, command by command. Each command's code is loaded when it is called.
 *
 * Exit codes: 0 as it should be · 2 wrong usage · 5 not to be reached; what else a command's own help says.
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
  vkey: { kind: 'parsed', parse: text, variadic: true, optional: true, brief: 'The key that must have signed; several if it was changed' },
  witness: { kind: 'parsed', parse: text, variadic: true, optional: true, brief: 'The vkey of a witness that may have signed' },
  quorum: { kind: 'parsed', parse: numberParser, default: '0', brief: 'How many witnesses must have signed' },
} as const
const token = {
  tokenFile: { kind: 'parsed', parse: text, optional: true, brief: 'A file with the JWT of an auditor; else $STINT_TOKEN' },
} as const
const table = {
  table: { kind: 'parsed', parse: text, optional: true, brief: 'The story table, to hold against the log' },
  region: { kind: 'parsed', parse: text, optional: true, brief: 'Its region; else $AWS_REGION' },
} as const

const verify = buildCommand({
  docs: {
    brief: 'Prove that nothing of the log is missing, altered or invented',
    fullDescription:
      'Reads all of the log and checks every hash, signature, commitment and rule. Remembers the checkpoint, and demands the next time that the log continues it.\n\n' +
      'Exit codes: 0 proved · 1 tampered with · 6 a rule is broken · 7 table and log differ · 5 something cannot be read · 2 wrong usage',
  },
  parameters: {
    flags: {
      from,
      ...trust,
      ...token,
      ...table,
      remember: { kind: 'parsed', parse: text, optional: true, brief: 'The file that remembers; else one in your state folder' },
      tilesOnly: {
        kind: 'boolean',
        default: false,
        brief: 'Judge entries and hashes only: for a copy of a public log, which gives out no events',
      },
      forget: { kind: 'boolean', default: false, brief: 'Neither use nor write what is remembered' },
      json,
    },
  },
  loader: async () => (await import('./audit/commands.ts')).verifyCommand,
})

const reconcile = buildCommand({
  docs: {
    brief: 'Hold CloudTrail against the trail',
    fullDescription:
      'Matches AssumeRole calls by role session name, source identity and access key ID: who went around Stint, which session AWS never saw, what was done with each.\n\n' +
      'Exit codes: 0 nothing found · 1 findings · 5 something cannot be read · 2 wrong usage; others as of verify',
  },
  parameters: {
    flags: {
      from,
      trail: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        brief: 'A folder of CloudTrail files, of one account or many',
        placeholder: 'DIR',
      },
      role: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        optional: true,
        brief: 'The ARN of a role of Stint that it may not have entered yet',
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
    brief: 'Check a receipt, offline',
    fullDescription:
      'Checks a .tlog-proof that Stint gave out: event, commitment, entry, tree, signature.\n\nExit codes: 0 proved · 1 not · 2 wrong usage',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ parse: text, brief: 'The receipt; - reads stdin', placeholder: 'FILE' }] },
    flags: { ...trust, json },
  },
  loader: async () => (await import('./audit/commands.ts')).receiptCommand,
})

const exportEvents = buildCommand({
  docs: {
    brief: 'Write the events of a period, each with its proof',
    fullDescription: 'Each line holds the event and a receipt that proves it alone, against the checkpoint of now.',
  },
  parameters: {
    flags: {
      from,
      ...token,
      vkey: trust.vkey,
      since: { kind: 'parsed', parse: instant, optional: true, brief: 'From this time on', placeholder: 'TIME' },
      until: { kind: 'parsed', parse: instant, optional: true, brief: 'Up to this time, not included', placeholder: 'TIME' },
      format: { kind: 'enum', values: ['ndjson', 'csv'], default: 'ndjson', brief: 'ndjson or csv' },
      out: { kind: 'parsed', parse: text, default: '-', brief: 'The file to write; - is stdout', placeholder: 'FILE' },
    },
  },
  loader: async () => (await import('./audit/commands.ts')).exportCommand,
})

const copy = buildCommand({
  docs: {
    brief: 'Copy the log into a folder, or bring a copy up to date',
    fullDescription: 'The copy is verified like the log itself, by anybody, without any access: stint audit verify --from DIR.',
  },
  parameters: { flags: { from, ...token, to: { kind: 'parsed', parse: text, brief: 'The folder', placeholder: 'DIR' } } },
  loader: async () => (await import('./audit/commands.ts')).copyCommand,
})

const sideTable = { kind: 'parsed', parse: text, brief: 'The side table', placeholder: 'NAME' } as const

const erase = buildCommand({
  docs: {
    brief: 'Erase what requests say of a person; the log goes on proving that they were there',
    fullDescription:
      'Takes the events of requests that are over out of the table and the event store, and writes on the journal that, by whom and why. Without --yes it only lists them.\n\n' +
      'Exit codes: 0 erased · 1 something had to stay · 5 not to be reached · 2 wrong usage',
  },
  parameters: {
    flags: {
      request: { kind: 'parsed', parse: text, variadic: true, optional: true, brief: 'A request; several are possible', placeholder: 'ID' },
      issuer: { kind: 'parsed', parse: text, optional: true, brief: 'With --subject: every request of this caller' },
      subject: { kind: 'parsed', parse: text, optional: true, brief: 'The subject, as the issuer has it' },
      operator: { kind: 'parsed', parse: text, brief: 'Who erases: a team, not a person, if you can' },
      justification: { kind: 'parsed', parse: text, brief: 'Why, without naming the person' },
      table: { kind: 'parsed', parse: text, brief: 'The story table', placeholder: 'NAME' },
      sideTable,
      eventsBucket: { kind: 'parsed', parse: text, brief: 'The bucket of the events', placeholder: 'NAME' },
      region: table.region,
      yes: { kind: 'boolean', default: false, brief: 'Do it' },
    },
  },
  loader: async () => (await import('./audit/commands.ts')).eraseCommand,
})

const rebuild = buildCommand({
  docs: {
    brief: 'Write the look-up rows of the search anew, from the log',
    fullDescription: 'The rows only say where to look; whatever became of them, the log brings them back.',
  },
  parameters: { flags: { from, ...token, sideTable, region: table.region } },
  loader: async () => (await import('./audit/commands.ts')).rebuildCommand,
})

const restore = buildCommand({
  docs: {
    brief: 'Give a table from a backup back what the log has and it lost',
    fullDescription:
      'Lists requests, links, freezes and facts that the table lacks, or has otherwise than the log. With --yes each gets its journal back; a request is over then, a link must be made anew, and a freeze that was in force is in force. What was written on it since follows what the log has. --yes wants to know who does it, and a key that you trust: --vkey, here or when the log was verified.\n\n' +
      'Exit codes: 0 done · 1 something changed meanwhile and was left · 5 not to be reached, or the log does not hold · 2 wrong usage',
  },
  parameters: {
    flags: {
      from,
      ...token,
      vkey: trust.vkey,
      operator: { kind: 'parsed', parse: text, optional: true, brief: 'Who gives it back: a team, not a person, if you can' },
      table: { kind: 'parsed', parse: text, brief: 'The story table', placeholder: 'NAME' },
      region: table.region,
      yes: { kind: 'boolean', default: false, brief: 'Do it' },
    },
  },
  loader: async () => (await import('./audit/commands.ts')).restoreCommand,
})

const audit = buildRouteMap({
  routes: { verify, copy, receipt, export: exportEvents, reconcile, erase, rebuild, restore },
  docs: { brief: 'The audit trail: prove it, read it, hold it against AWS' },
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
    brief: 'A value that a deploy fills in',
    placeholder: 'NAME=VALUE',
  },
} as const

const lint = buildCommand({
  docs: {
    brief: 'Find in the config what people were breached by',
    fullDescription:
      'Each finding names its rule, its place, the class of incident behind it and the way out; docs/lint-rules.md has them all. An exception stands right above what it is about: // stint-lint-ignore RULE: reason\n\n' +
      'Exit codes: 0 no errors · 1 errors (with --strict: warnings too) · 5 the config cannot be read · 2 wrong usage',
  },
  parameters: {
    flags: {
      ...configFlags,
      online: { kind: 'boolean', default: false, brief: "Ask each issuer's discovery document too" },
      strict: { kind: 'boolean', default: false, brief: 'Let warnings fail as well' },
      json,
    },
  },
  loader: async () => (await import('./lint/command.ts')).lintCommand,
})

const testCases = buildCommand({
  docs: {
    brief: 'Run the table of who gets in and who does not',
    fullDescription:
      'Holds the config against a table of callers, profiles and outcomes that lies beside it; see docs/guides/config.md.\n\n' +
      'Exit codes: 0 all as expected · 1 not · 5 config or table cannot be read · 2 wrong usage',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ parse: text, brief: 'The table', placeholder: 'FILE', default: 'test/access.ts' }],
    },
    flags: { ...configFlags, verbose: { kind: 'boolean', default: false, brief: 'Show what passed too' }, json },
  },
  loader: async () => (await import('./cases/command.ts')).testCommand,
})

const broker = {
  url: { kind: 'parsed', parse: text, optional: true, brief: 'The broker; else $STINT_URL', placeholder: 'URL' },
  tokenFile: { kind: 'parsed', parse: text, optional: true, brief: 'A file with your JWT; else $STINT_TOKEN' },
} as const
const slackExits = 'Exit codes: 0 done · 1 refused · 5 not to be reached · 2 wrong usage'

const slackLink = buildCommand({
  docs: {
    brief: 'Make a Slack user yours',
    fullDescription: `Shows a code, waits until somebody types it in Slack, and asks whether that is you. Takes a token of a sign-in of the last five minutes.\n\n${slackExits}`,
  },
  parameters: {
    flags: {
      ...broker,
      user: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'Your Slack user: nobody else is taken, and nothing is asked',
        placeholder: 'U…',
      },
      email: { kind: 'boolean', default: false, brief: 'By your e-mail and without a code, where the config trusts the workspace' },
    },
  },
  loader: async () => (await import('./slack/command.ts')).linkCommand,
})

const slackUnlink = buildCommand({
  docs: { brief: 'End that', fullDescription: slackExits },
  parameters: { flags: broker },
  loader: async () => (await import('./slack/command.ts')).unlinkCommand,
})

const slackStatus = buildCommand({
  docs: { brief: 'Say which Slack user is yours', fullDescription: slackExits },
  parameters: { flags: broker },
  loader: async () => (await import('./slack/command.ts')).statusCommand,
})

const slack = buildRouteMap({
  routes: { link: slackLink, unlink: slackUnlink, status: slackStatus },
  docs: { brief: 'Which Slack user is yours' },
})

const targetAdd = buildCommand({
  docs: {
    brief: 'Make targets of accounts: lines for the config, and what their stacks are given',
    fullDescription:
      'Prints lines for `targets` in stint.config.ts; with --to adds them to a JSON file that the config imports. A name or a role that is there already is refused, and then nothing is written.\n\n' +
      'Exit codes: 0 done · 1 a row or the config is wrong · 2 wrong usage',
  },
  parameters: {
    flags: {
      account: { kind: 'parsed', parse: text, optional: true, brief: 'The account of one target' },
      name: { kind: 'parsed', parse: text, optional: true, brief: 'Its name in the config' },
      csv: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'A list: columns name, account and, if you like, role, region',
        placeholder: 'FILE',
      },
      role: { kind: 'parsed', parse: text, default: 'Stint', brief: 'The name of the role, where the list has none' },
      region: { kind: 'parsed', parse: text, default: 'eu-central-1', brief: 'Where STS is called, where the list has none' },
      path: { kind: 'parsed', parse: text, default: '/stint/', brief: 'The path of the roles' },
      prefix: { kind: 'parsed', parse: text, default: 'stint', brief: 'External IDs are this, the account and the role' },
      config: { kind: 'parsed', parse: text, default: 'stint.config.ts', brief: 'The config that they come into', placeholder: 'FILE' },
      binding: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        optional: true,
        brief: 'A value for a binding of it',
        placeholder: 'NAME=VALUE',
      },
      to: { kind: 'parsed', parse: text, optional: true, brief: 'A JSON file of targets to add them to', placeholder: 'FILE' },
      parameters: { kind: 'parsed', parse: text, optional: true, brief: 'A folder for the parameters of the stacks', placeholder: 'DIR' },
      brokerRole: { kind: 'parsed', parse: text, optional: true, brief: 'The role that the stacks trust', placeholder: 'ARN' },
      policy: { kind: 'parsed', parse: text, variadic: true, optional: true, brief: 'A managed policy of the roles', placeholder: 'ARN' },
    },
  },
  loader: async () => (await import('./target/command.ts')).addCommand,
})

const target = buildRouteMap({ routes: { add: targetAdd }, docs: { brief: 'The roles that are entered' } })

const app = buildApplication(
  buildRouteMap({
    routes: { lint, test: testCases, target, slack, audit },
    docs: { brief: 'Temporary AWS credentials, on a record that others can check' },
  }),
  {
    name: 'stint',
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    // A bug is shown whole; its message may quote what a server or a file said.
    localization: {
      loadText: () => ({
        ...text_en,
        formatException: (thrown) => forPeople(String(thrown instanceof Error ? (thrown.stack ?? thrown) : thrown)),
      }),
    },
    documentation: { disableAnsiColor: !process.stdout.isTTY || process.env.NO_COLOR !== undefined },
  },
)

// Whoever reads us may stop reading: `stint … | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
await run(app, process.argv.slice(2), { process } as Context & { process: { exitCode: number | null } })
// stricli's own failures are negative: whatever was typed wrongly is 2.
if (typeof process.exitCode === 'number' && process.exitCode < 0) process.exitCode = 2
