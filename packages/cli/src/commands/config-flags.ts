/** Flags of the commands that read a config. */
import { nameValue, text } from '../frame/flags.ts'

export const configFlags = {
  config: { kind: 'parsed', parse: text, default: 'stint.config.ts', brief: 'The config', placeholder: 'FILE' },
  binding: {
    kind: 'parsed',
    parse: nameValue,
    variadic: true,
    optional: true,
    brief: 'A value for a binding that a deployment sets',
    placeholder: 'NAME=VALUE',
  },
} as const
