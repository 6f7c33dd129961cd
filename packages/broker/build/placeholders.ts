/** Names in a config that can never be real: hosts of RFC 2606 and RFC 6761, and the accounts of AWS's documentation. */
import type { Rules } from '@stint/core/config/shape'

const HOST = /(^|\.)(example|test|invalid|localhost)$|(^|\.)example\.(com|net|org)$/
const ACCOUNT = /^(\d)\1{11}$|^(1111222233334?|44445555666[67]|777788889999|999988887777|123456789012|210987654321|987654321098)$/

/** Hosts and account IDs, each once, sorted. */
export function placeholdersIn({ issuers, targets, signIn, directories, log }: Rules): readonly string[] {
  const urls = [
    ...Object.values(issuers).flatMap(({ url, jwksUri }) => [url, jwksUri]),
    ...Object.values(signIn ?? {}).flatMap(({ authorizationEndpoint, tokenEndpoint }) => [authorizationEndpoint, tokenEndpoint]),
    ...Object.values(directories ?? {}).map(({ scim }) => scim),
    ...Object.values(log?.witnesses ?? {}).map(({ url }) => url),
  ]
  const hosts = urls.flatMap((url) => (url !== undefined && URL.canParse(url) ? [new URL(url).hostname] : []))
  const accounts = Object.values(targets).map(({ account }) => account)
  return [...new Set([...hosts.filter((host) => HOST.test(host)), ...accounts.filter((account) => ACCOUNT.test(account))])].sort()
}
