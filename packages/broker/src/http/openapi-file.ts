/** The OpenAPI document that `npm run build` wrote. The file is read on first use and not at a cold start. */
import { readFileSync } from 'node:fs'

export function openApiAt(file: string | URL): () => OpenApi {
  let document: OpenApi | undefined
  return () => {
    document ??= JSON.parse(readFileSync(file, 'utf8')) as OpenApi
    return document
  }
}

export type OpenApi = {
  readonly info: { readonly title: string; readonly description: string }
  readonly paths: { readonly [path: string]: { readonly [method: string]: unknown } }
}
