/** The clock and the operator's log, passed in so that tests and the simulator can control them. */
import type { Instant } from '@stint/core/instant'

export type Clock = () => Instant

/** One structured line. Values never contain tokens or credentials. */
export type Log = (line: { readonly [member: string]: unknown }) => void
