/**
 * The files that anyone can read: the OpenAPI document, and the API reference with its style sheet and script. The build writes them
 * (build/public-files.ts). A file is read on first use and not at a cold start.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The text of a file by its name; undefined if there is none. */
export type PublicFiles = (name: string) => string | undefined

/** The files of a folder. `names.json` in it lists them, so that a path in a request is never one of the file system. */
export function publicFilesIn(folder: string): PublicFiles {
  const texts = new Map<string, string>()
  let names: readonly string[] | undefined
  return (name) => {
    names ??= JSON.parse(readFileSync(join(folder, 'names.json'), 'utf8')) as readonly string[]
    if (!names.includes(name)) return undefined
    const text = texts.get(name) ?? readFileSync(join(folder, name), 'utf8')
    texts.set(name, text)
    return text
  }
}
