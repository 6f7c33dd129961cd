/** Fills in the values that differ between a deployment and the sandbox. */
import { isObject } from '../json.ts'
import type { ConfigFault } from './check.ts'

/** Values by the name of their binding. */
export type Bindings = { readonly [name: string]: string | undefined }

/** No setting needs even half of this depth. */
const MAX_CONFIG_DEPTH = 40

/** Where a binding is allowed: only for values that differ between a deployment and the sandbox. */
const bindable =
  /^(issuers\.[^.]+\.(url|jwksUri)|signIn\.[^.]+\.(authorization|token)Endpoint|directories\.[^.]+\.scim|targets\.[^.]+\.(account|roleArn)|(cells\.[^.]+\.)?log\.origin|cells\.[^.]+\.account)$/

export function fillBindings(value: unknown, bindings: Bindings, path: string, faults: ConfigFault[], depth = 0): unknown {
  if (depth > MAX_CONFIG_DEPTH) {
    faults.push({ path, fault: 'is nested too deep, or contains itself' })
    return undefined
  }
  if (typeof value === 'function') {
    faults.push({ path, fault: 'is a function, but the config must be data' })
    return undefined
  }
  if (Array.isArray(value)) return value.map((item, index) => fillBindings(item, bindings, `${path}[${index}]`, faults, depth + 1))
  if (!isObject(value)) return value
  if (typeof value.binding === 'string') {
    const filled = bindings[value.binding] ?? value.default
    if (!bindable.test(path))
      faults.push({
        path,
        fault: 'cannot be a binding. Only URLs of issuers, sign-ins and directories, account IDs, role ARNs and the name of the log can be',
      })
    else if (typeof filled !== 'string') faults.push({ path, fault: `binding '${value.binding}' has no value. Set it for the deploy` })
    return filled
  }
  // valibot's record() silently drops these names, so a rule would lose a claim without an error.
  for (const name of Object.keys(value))
    if (['__proto__', 'prototype', 'constructor'].includes(name))
      faults.push({ path: path ? `${path}.${name}` : name, fault: 'is not allowed as a name' })
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      fillBindings(member, bindings, path ? `${path}.${name}` : name, faults, depth + 1),
    ]),
  )
}
