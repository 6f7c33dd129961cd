/**
 * Where the sandbox finds its config and keeps its files, and the commands that users type: in the repository. The package has
 * `packages/stint/src/place.ts` in place of this file.
 */
import { fileURLToPath } from 'node:url'

const root = new URL('../../../', import.meta.url)

/** The config, unless `--config` names another. */
export const CONFIG: string = fileURLToPath(new URL('stint.config.ts', root))
/** A folder for what a sandbox keeps while it runs. */
export const CACHE: string = fileURLToPath(new URL('node_modules/.cache/stint-sandbox/', root))
/** Whether CONFIG is the repository's, whose profiles the printed commands name. */
export const IS_EXAMPLE = true

export const START = 'npm start'

/** The command of a program beside the sandbox. `option` is empty, or begins with a space. */
export const program = (name: 'token' | 'browser' | 'mfa', argument = '', option = ''): string =>
  `npm run -s ${name}${`${argument}${option}` === '' ? '' : ` --${argument && ` ${argument}`}${option}`}`
