/**
 * Simulates GitHub Actions' OIDC issuer: the endpoints that a runner and a verifier use, and the exact claims that
 * GitHub documents (docs.github.com, "OpenID Connect reference"). All claims except times are strings, including IDs.
 */
import { randomUUID, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export const ciJobs = ['ci-main', 'ci-branch', 'ci-fork', 'ci-tag'] as const
export type CiJob = (typeof ciJobs)[number]

type ActionsIssuer = { readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> }

const LIFE_SECONDS = 300

export async function actionsIssuer(url: string, secret: string, defaultAudience: string, clock: () => number): Promise<ActionsIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { modulusLength: 2048 })
  const kid = randomUUID()
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' }] }
  const discovery = {
    issuer: url,
    jwks_uri: `${url}/.well-known/jwks`,
    subject_types_supported: ['public', 'pairwise'],
    response_types_supported: ['id_token'],
    claims_supported: Object.keys(claimsOf('ci-main')),
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid'],
  }

  const sign = (job: CiJob, audience: string) => {
    const now = Math.floor(clock() / 1000)
    return new SignJWT({ ...claimsOf(job), jti: randomUUID() })
      .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid, x5t: kid })
      .setIssuer(url)
      .setAudience(audience)
      .setNotBefore(now - 300)
      .setIssuedAt(now)
      .setExpirationTime(now + LIFE_SECONDS)
      .sign(privateKey)
  }

  return {
    async handle(request, response) {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
      const path = pathname.slice(new URL(url).pathname.length)
      const send = (status: number, body: unknown) =>
        void response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
      if (request.method !== 'GET') return send(405, { message: 'GET only' })
      if (path === '/.well-known/openid-configuration') return send(200, discovery)
      if (path === '/.well-known/jwks') return send(200, jwks)
      // The URL in ACTIONS_ID_TOKEN_REQUEST_URL of a runner, with ACTIONS_ID_TOKEN_REQUEST_TOKEN as bearer token.
      const job = ciJobs.find((name) => path === `/jobs/${name}/token`)
      if (!job) return send(404, { message: 'no such path' })
      if (!sameText(request.headers.authorization ?? '', `Bearer ${secret}`))
        return send(401, { message: 'the request token is missing or wrong' })
      return send(200, { value: await sign(job, searchParams.get('audience') ?? defaultAudience) })
    },
  }
}

const sameText = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Four jobs of one repository, acme/web. */
function claimsOf(job: CiJob): Record<string, string> {
  const byJob: Record<CiJob, Record<string, string>> = {
    'ci-main': {
      sub: 'repo:acme/web:ref:refs/heads/main',
      ref: 'refs/heads/main',
      ref_type: 'branch',
      event_name: 'push',
      head_ref: '',
      base_ref: '',
    },
    'ci-branch': {
      sub: 'repo:acme/web:ref:refs/heads/feature/login',
      ref: 'refs/heads/feature/login',
      ref_type: 'branch',
      event_name: 'push',
      head_ref: '',
      base_ref: '',
    },
    'ci-fork': {
      sub: 'repo:acme/web:pull_request',
      ref: 'refs/pull/17/merge',
      ref_type: 'branch',
      event_name: 'pull_request',
      head_ref: 'patch-1',
      base_ref: 'main',
      actor: 'stranger',
      actor_id: '9001',
    },
    'ci-tag': {
      sub: 'repo:acme/web:ref:refs/tags/v1.4.0',
      ref: 'refs/tags/v1.4.0',
      ref_type: 'tag',
      event_name: 'push',
      head_ref: '',
      base_ref: '',
    },
  }
  const own = byJob[job]
  return {
    ref_protected: job === 'ci-main' ? 'true' : 'false',
    sha: '9f1c2e7d4b6a8035c1d2e3f4a5b6c7d8e9f0a1b2',
    repository: 'acme/web',
    repository_owner: 'acme',
    repository_owner_id: '65',
    repository_id: '74',
    repository_visibility: 'private',
    run_id: '11042',
    run_number: '210',
    run_attempt: '1',
    check_run_id: '40021',
    actor: 'octavia',
    actor_id: '1201',
    workflow: 'deploy',
    workflow_ref: `acme/web/.github/workflows/deploy.yml@${own.ref}`,
    workflow_sha: '9f1c2e7d4b6a8035c1d2e3f4a5b6c7d8e9f0a1b2',
    job_workflow_ref: `acme/web/.github/workflows/deploy.yml@${own.ref}`,
    job_workflow_sha: '9f1c2e7d4b6a8035c1d2e3f4a5b6c7d8e9f0a1b2',
    runner_environment: 'github-hosted',
    ...own,
  }
}
