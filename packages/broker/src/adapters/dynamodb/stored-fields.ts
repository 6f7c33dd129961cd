/**
 * The fields of a stored item, listed once for its writer and its reader. The list must name every field of the type, or it does not
 * compile, so neither side can omit a field that the other has.
 */

/** `true` for each field of `T`, required or not. */
type FieldTable<T> = { readonly [K in keyof T]-?: true }

type StoredFields<T> = {
  readonly names: readonly (keyof T & string)[]
  /** The set fields of `value`, and nothing else. The writer and the reader both use it. */
  readonly pick: (value: object) => T
}

export function storedFields<T extends object>(table: FieldTable<T>): StoredFields<T> {
  const names = Object.keys(table) as (keyof T & string)[]
  return {
    names,
    pick: (value) =>
      Object.fromEntries(
        names.flatMap((name) => {
          const field = (value as T)[name]
          return field === undefined ? [] : [[name, field]]
        }),
      ) as T,
  }
}
