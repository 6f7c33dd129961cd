/** Writes `openapi.json` from the routes and schemas. `npm run build` runs it, and a test compares the file. */
import { writeFile } from 'node:fs/promises'
import { openApiDocument } from '../src/http/openapi.ts'

export const openApiText = (): string => `${JSON.stringify(openApiDocument(), null, 2)}\n`

if (import.meta.main) await writeFile(new URL('../openapi.json', import.meta.url), openApiText())
