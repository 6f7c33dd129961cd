/**
 * An issuer whose keys the tests hold: it signs whatever a row asks for, and counts who fetches its keys.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'

export const LAB_CONFIG = fileURLToPath(new URL('./lab.config.ts', import.meta.url))
const AUDIENCE = 'https://stint.acme.example'

type LabKey = { readonly kid: string; readonly alg: string; readonly sign: Parameters<CompactSign['sign']>[0]; readonly jwk: object }

export async function labKey(kid: string, alg: 'ES256' | 'RS256' | 'EdDSA' = 'ES256'): Promise<LabKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg)
  return { kid, alg, sign: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export type Lab = Awaited<ReturnType<typeof startLab>>

export async function startLab(clock: () => number = Date.now) {
  const first = await labKey('k1')
  const state = { keys: [first] as LabKey[], status: 200, fetches: 0 }
  const server = createServer((_request, response) => {
    state.fetches++
    response.writeHead(state.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: state.keys.map(({ jwk }) => jwk) }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuers = { lab: `${url}/lab`, id: `${url}/id`, cognito: `${url}/cognito`, once: `${url}/once` }

  /** A good access token of issuer `lab` but for what is said; `undefined` takes a member out. */
  async function token(claims: object = {}, header: object = {}, key: LabKey = state.keys[0] ?? first): Promise<string> {
    const now = Math.floor(clock() / 1000)
    const payload = JSON.stringify({
      iss: issuers.lab,
      sub: 'dana',
      aud: AUDIENCE,
      iat: now,
      exp: now + 600,
      name: 'Dana',
      groups: ['developers'],
      run: 'r1',
      ...claims,
    })
    const protectedHeader = JSON.parse(JSON.stringify({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header }))
    return new CompactSign(Buffer.from(payload)).setProtectedHeader(protectedHeader).sign(key.sign)
  }

  return {
    state,
    url,
    issuers,
    token,
    bindings: {
      LAB_ISSUER: issuers.lab,
      LAB_ID_ISSUER: issuers.id,
      LAB_COGNITO_ISSUER: issuers.cognito,
      LAB_ONCE_ISSUER: issuers.once,
      LAB_JWKS: `${url}/jwks`,
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
