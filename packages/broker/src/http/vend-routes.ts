import type { Route } from './route-finder.ts'

/** Those of which `vend` serves at least one method. `vend` contains no others. */
export const vendRoutes = [
  { path: '/sessions', methods: { GET: 'api', POST: 'vend' } },
  { path: '/sessions/{id}/credentials', methods: { GET: 'vend', POST: 'vend' } },
  { path: '/credentials/{profile}', methods: { GET: 'vend' } },
  { path: '/token', methods: { POST: 'vend' } },
  { path: '/console', methods: { POST: 'vend' } },
] as const satisfies readonly Route[]
