import { hash } from 'node:crypto'

/** SHA-256 (FIPS 180-4), 32 bytes. */
export const sha256 = (data: string | Uint8Array): Buffer => hash('sha256', data, 'buffer')
