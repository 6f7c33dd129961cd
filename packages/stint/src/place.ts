/** `packages/sandbox/src/place.ts` of the published package: the config and the files belong to the folder in which it runs. */
import { resolve } from 'node:path'

export const CONFIG: string = resolve('stint.config.ts')
export const CACHE: string = resolve('node_modules/.cache/stint-sandbox')
export const IS_EXAMPLE = false

export const START = 'npx stint sandbox'

export const program = (name: 'token' | 'browser' | 'mfa', argument = '', option = ''): string =>
  `npx stint sandbox ${name}${argument && ` ${argument}`}${option && ` --${option}`}`
