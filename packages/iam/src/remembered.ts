/**
 * Remembers what was made for each key, up to `most` of them; then it starts anew. For results that are costly to make and depend on
 * nothing but the key. `make` is not called for a remembered key.
 */
export function remembering<T>(most: number): (key: string, make: () => T) => T {
  const known = new Map<string, T>()
  return (key, make) => {
    let found = known.get(key)
    if (found === undefined) {
      found = make()
      if (known.size >= most) known.clear()
      known.set(key, found)
    }
    return found
  }
}
