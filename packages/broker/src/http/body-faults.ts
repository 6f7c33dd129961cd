/**
 * What is wrong with the body of `POST /sessions`, as its schema says (vend-body.ts). Written out, because the schema library would be a
 * twentieth of vend's bundle for this one body; a test holds both to the same faults on random bodies.
 */
import type { JsonObject } from '@stint/core/json'

export const formats = ['json', 'env', 'process', 'container', 'console'] as const

type BodyFault = { readonly kind: 'missing' | 'type' | 'unknown'; readonly path: string }

const isString = (value: unknown): boolean => typeof value === 'string'
/** Each property, with the check of its type. */
export const properties: { readonly [name: string]: (value: unknown) => boolean } = {
  profile: isString,
  justification: isString,
  ticket: isString,
  duration: (value) => isString(value) || typeof value === 'number',
  parameters: (value) => typeof value === 'object' && value !== null,
  narrow: () => true,
  requestId: isString,
  format: (value) => (formats as readonly unknown[]).includes(value),
}

/** In the order of the schema; of the unknown properties, the first. */
export function bodyFaults(body: JsonObject): readonly BodyFault[] {
  const faults: BodyFault[] = []
  for (const [path, holds] of Object.entries(properties)) {
    if (!Object.hasOwn(body, path)) {
      if (path === 'profile') faults.push({ kind: 'missing', path })
    } else if (!holds(body[path])) faults.push({ kind: 'type', path })
    else if (path === 'parameters')
      for (const [name, value] of Object.entries(body.parameters as JsonObject))
        if (!isString(value)) faults.push({ kind: 'type', path: `parameters.${name}` })
  }
  const unknown = Object.keys(body).find((name) => !Object.hasOwn(properties, name))
  return unknown === undefined ? faults : [...faults, { kind: 'unknown', path: unknown }]
}
