/** The clock and the operator's log, handed in so that tests and the simulator can own them. */
import type { Instant } from '@stint/core/instant'

export type Clock = () => Instant

/** One structured line. Values are never tokens or credentials. */
export type Log = (line: { readonly [member: string]: unknown }) => void
