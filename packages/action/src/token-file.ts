/** The file from which SDKs read their authorization. It contains only the header's value, without a line end. Only the owner can read it. */
import { renameSync, writeFileSync } from 'node:fs'

/** Writes atomically, because an SDK can read at any time. */
export function writeToken(file: string, token: string): void {
  writeFileSync(`${file}.new`, `Bearer ${token}`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
