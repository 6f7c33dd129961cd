/** Where the command line keeps its files (XDG Base Directory Specification). */
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Env } from './http.ts'

const absolute = (path: string | undefined): path is string => path !== undefined && isAbsolute(path)
const home = (env: Env): string => env.HOME ?? env.USERPROFILE ?? homedir()

/** Tokens, cached credentials and locks. Only the user can read this folder. */
export const stateFolder = (env: Env): string =>
  join(absolute(env.XDG_STATE_HOME) ? env.XDG_STATE_HOME : join(home(env), '.local', 'state'), 'stint')
/** Contexts. Nothing in them is secret. */
export const configFolder = (env: Env): string =>
  join(absolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : join(home(env), '.config'), 'stint')
export const awsConfigFile = (env: Env): string => env.AWS_CONFIG_FILE ?? join(home(env), '.aws', 'config')
