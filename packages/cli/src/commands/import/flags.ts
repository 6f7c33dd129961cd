/** Flags and texts of all `stint import` commands. */
import { talk, text } from '../../frame/flags.ts'

export const importFlags = {
  out: {
    kind: 'parsed',
    parse: text,
    default: 'stint-import',
    brief: 'The folder to write to. It must be new or empty',
    placeholder: 'DIR',
  },
  map: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'A JSON file with what the source does not say: owner IDs, groups, people',
    placeholder: 'FILE',
  },
  force: { kind: 'boolean', default: false, brief: 'Overwrite files in the folder' },
  region: { kind: 'parsed', parse: text, default: 'eu-central-1', brief: 'The region of the STS endpoint' },
  audience: {
    kind: 'parsed',
    parse: text,
    default: 'https://stint.acme.example',
    brief: 'The audience of tokens for your broker: its URL',
    placeholder: 'URL',
  },
  all: { kind: 'boolean', default: false, brief: 'Print every row of the report' },
  ...talk,
} as const

/** Flags of the sources that are about people. */
export const peopleFlags = {
  peopleIssuer: {
    kind: 'parsed',
    parse: text,
    default: 'https://login.acme.example',
    brief: 'The issuer of people: the iss of their tokens',
    placeholder: 'URL',
  },
  peopleJwks: {
    kind: 'parsed',
    parse: text,
    default: 'https://login.acme.example/jwks',
    brief: 'The key set of this issuer',
    placeholder: 'URL',
  },
  organization: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'For more than about 900 targets: the ID of your organization, for targetRoles',
    placeholder: 'ID',
  },
  ...importFlags,
} as const

export const importText =
  'Writes stint.config.ts and access tests, and reports each rule as equal, narrower or in need of a decision. The config never gives more than the source. See docs/guides/import.md.\n\n' +
  'Exit codes: 0 done · 1 nothing could be imported · 5 a file is unreadable · 2 invalid usage'

export const files = (brief: string) => ({ kind: 'array', parameter: { parse: text, brief, placeholder: 'FILE' } }) as const
