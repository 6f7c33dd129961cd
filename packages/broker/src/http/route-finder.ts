/** Finds the route of a path in a table, and the methods that it answers. */
import { defined } from '@stint/core/defined'

export type Method = 'GET' | 'POST' | 'DELETE'
/** `tail`: the last parameter takes all remaining segments. */
export type Serving = 'vend' | 'api' | 'slack'
export type Route = { readonly path: string; readonly tail?: true; readonly methods: Readonly<Partial<Record<Method, Serving>>> }

/** Finds a route of a table, and its parameter. A path with a trailing slash is a different path, which matches no route. */
export function routeFinder(table: readonly Route[]): (path: string) => { readonly route: Route; readonly parameter?: string } | undefined {
  const split = table.map((route) => ({ route, segments: route.path.split('/') }))
  return (path) => {
    const given = path.split('/')
    for (const { route, segments } of split) {
      if (route.tail ? segments.length > given.length : segments.length !== given.length) continue
      let parameter: string | undefined
      const fits = segments.every((segment, index) => {
        if (!segment.startsWith('{')) return segment === given[index]
        parameter = given[index]
        return parameter !== ''
      })
      if (fits) return { route, ...defined({ parameter }) }
    }
    return undefined
  }
}
/** Every method that the route answers. HEAD is GET without a body, except where GET issues a session: a HEAD must not use anything up. */
export function allowed(route: Route): readonly string[] {
  const methods: string[] = Object.keys(route.methods)
  if (route.methods.GET === 'api') methods.push('HEAD')
  return [...methods, 'OPTIONS']
}
