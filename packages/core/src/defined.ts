/**
 * The properties that have a value, for spreading: `{ ...defined({ ticket }) }` has no `ticket` if it is undefined. With
 * exactOptionalPropertyTypes, and in JSON that is hashed, an absent property is not one of undefined.
 */
export function defined<T extends object>(properties: T): Defined<T> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as Defined<T>
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K]
}
