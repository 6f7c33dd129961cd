/** The keys of the issuers, for the functions that verify tokens. */
import { getBytes } from '../adapters/https.ts'
import { issuerKeys } from '../adapters/jwks.ts'
import type { IssuerKeys } from '../ports/issuer-keys.ts'
import type { Deployment } from './broker.ts'

export const keysOf = ({ clock, log }: Pick<Deployment, 'clock' | 'log'>): IssuerKeys => issuerKeys({ clock, get: getBytes, log })
