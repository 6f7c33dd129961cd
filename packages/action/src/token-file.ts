/** The file that SDKs read their authorization from: nothing in it but the header's value, no line end, nobody else's to read. */
import { renameSync, writeFileSync } from 'node:fs'

/** Whole or not at all: an SDK may read at any moment. */
export function writeToken(file: string, token: string): void {
  writeFileSync(`${file}.new`, `Bearer ${token}`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
