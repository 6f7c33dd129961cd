/** Makes the files that anyone can read: `openapi.json`, the API reference, and the style sheets and scripts of it and of the pages. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { openApiDocument } from '../src/http/openapi.ts'
import type { PublicFiles } from '../src/http/public-files.ts'
import { docsPage } from './docs/page.ts'

/** By name. Names of assets have a hash of their content, so browsers can keep them for ever; `web.css` is also there under that name. */
export function publicFiles(): ReadonlyMap<string, string> {
  const [style, script] = [asset('./docs/docs.css'), asset('./docs/docs.js')]
  const [webStyle, webScript] = [asset('./web/web.css'), asset('./web/web.js')]
  return new Map([
    ['openapi.json', JSON.stringify(openApiDocument())],
    ['docs.html', docsPage({ style: `/assets/${style[0]}`, script: `/assets/${script[0]}` })],
    ['pages.json', JSON.stringify({ style: `/assets/${webStyle[0]}`, script: `/assets/${webScript[0]}` })],
    style,
    script,
    webStyle,
    webScript,
    // For the pages of `vend`, whose code does not change with the style.
    ['web.css', webStyle[1]],
  ])
}

function asset(path: string): readonly [name: string, text: string] {
  const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8')
  const text = path.endsWith('.css') ? `${read('./base.css')}${read(path)}` : read(path)
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12)
  return [basename(path).replace('.', `-${hash}.`), text]
}

/** Writes the folder that `publicFilesIn` reads. */
export async function writePublicFiles(folder: string): Promise<void> {
  const files = publicFiles()
  await mkdir(folder, { recursive: true })
  for (const [name, text] of files) await writeFile(join(folder, name), text)
  await writeFile(join(folder, 'names.json'), JSON.stringify([...files.keys()]))
}

/** For a broker that runs from source: made on first use. */
export function publicFilesNow(): PublicFiles {
  let files: ReadonlyMap<string, string> | undefined
  return (name) => {
    files ??= publicFiles()
    return files.get(name)
  }
}
