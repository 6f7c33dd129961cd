/** Flags that several commands of `stint audit` share. */
import { numberParser } from '@stricli/core'
import { text } from '../../frame/flags.ts'

export const from = {
  kind: 'parsed',
  parse: text,
  brief: 'A folder with a copy of the log, the URL of /audit/log, or its buckets: s3://LOG,EVENTS',
  placeholder: 'URL|DIR|S3',
} as const
export const trust = {
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
export const token = {
  tokenFile: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'A file with the JWT of an auditor (default: $STINT_TOKEN, or your sign-in)',
  },
} as const
export const table = {
  table: { kind: 'parsed', parse: text, optional: true, brief: 'The story table to compare with the log' },
  region: { kind: 'parsed', parse: text, optional: true, brief: 'The region of the table (default: $AWS_REGION)' },
} as const
export const sideTable = { kind: 'parsed', parse: text, brief: 'The side table', placeholder: 'NAME' } as const
