import type { Done, Unknown } from '@stint/core/outcome'
import type { Credentials } from './sts.ts'

/** Turns credentials into a console sign-in URL. Absent where there is no AWS sign-in to ask. */
export type SignIn = { url(credentials: Credentials): Promise<Done<string> | Unknown> }
