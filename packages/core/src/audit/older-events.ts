/**
 * Logs outlive the code that wrote them. Version 3 renamed properties and one type of versions 1 and 2. Older events get their
 * current names here, so that no other code needs the old ones. The log keeps the event as it was written.
 */

/** The versions that older code wrote. */
export type OlderVersion = 1 | 2 | 3
/** Of these, the ones with older names. */
const hasOldNames = (version: unknown): boolean => version === 1 || version === 2

const renamedTypes: { readonly [old: string]: string } = { 'request.agreed': 'approval.given' }

const renamedMembers: { readonly [old: string]: string } = {
  why: 'justification',
  from: 'source',
  face: 'channel',
  hardEnd: 'expiresAt',
  until: 'expiresAt',
}

export const isOlderVersion = (version: unknown): version is OlderVersion => hasOldNames(version) || version === 3

/** The current name of a type in an older event or entry. */
export const currentType = (type: string): string => (Object.hasOwn(renamedTypes, type) ? (renamedTypes[type] as string) : type)

/** Whether an entry with this `type` can be the entry of this event. */
export const isTypeOf = (type: string, event: { readonly v: number; readonly type: string }): boolean =>
  event.type === (hasOldNames(event.v) ? currentType(type) : type)

/**
 * An older event with current names. Undefined if an event of version 1 or 2 has a property or a type that its version did not have: a name
 * that was added later, or two names that now mean the same.
 */
export function withCurrentNames(event: { readonly [member: string]: unknown }): { readonly [member: string]: unknown } | undefined {
  if (!hasOldNames(event.v)) return event
  if (Object.values(renamedTypes).includes(event.type as string)) return undefined
  const members = Object.entries(event).map(([name, value]) => {
    if (name === 'type' && typeof value === 'string') return [name, currentType(value)] as const
    return [Object.hasOwn(renamedMembers, name) ? (renamedMembers[name] as string) : name, value] as const
  })
  const names = new Set(members.map(([name]) => name))
  const isNewer = Object.keys(event).some((name) => name !== 'expiresAt' && Object.values(renamedMembers).includes(name))
  return isNewer || names.size !== members.length ? undefined : Object.fromEntries(members)
}
