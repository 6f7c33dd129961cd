import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** The parameters that dynalite reads for an operation, by its file name such as `getItem`. Undefined if dynalite does not have it. */
export function validationOf(name: string): { readonly types: object } | undefined {
  try {
    return require(`dynalite/validations/${name}.js`) as { types: object }
  } catch {
    return undefined
  }
}
