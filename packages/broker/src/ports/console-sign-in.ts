import type { Done, Unknown } from '@stint/core/outcome'
import type { Credentials } from './sts.ts'

/** Turns credentials into a console sign-in URL. Absent if there is no AWS sign-in endpoint. */
export type SignIn = { url(credentials: Credentials): Promise<Done<string> | Unknown> }
