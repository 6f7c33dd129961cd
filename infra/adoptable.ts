/**
 * The resources that a removed stage leaves, and that a later deployment can import (docs/guides/deploy.md, "Redeploy prod after its state is
 * lost").
 */
export const adoptable = [
  'StoryTable',
  'SideTable',
  'LogBucket',
  'EventsBucket',
  'DataKey',
  'LogKey',
  'VendExecutionRole',
  'EndExecutionRole',
] as const

/** Their IDs in AWS. */
export type Adopted = { readonly [resource in (typeof adoptable)[number]]?: string }
