import type { Profile } from './shape.ts'

/** The minting actions that the profile's sessions can use, sorted and without duplicates. `chaining: true` is short for one of them. */
export const mintsOf = ({ chaining, mints = [] }: Pick<Profile, 'chaining' | 'mints'>): readonly string[] =>
  [...new Set([...mints, ...(chaining ? ['sts:AssumeRole'] : [])])].sort()
