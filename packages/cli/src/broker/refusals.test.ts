import { expect, test } from 'vitest'
import { failureFrom } from './refusals.ts'

const ID = 'req_01KTN3X0C9E8T7B6W5V4S3R2Q1'
const reply = (status: number, code: string) => ({ status, text: JSON.stringify({ code, title: 'T', next: 'N' }) })
const nextOf = (status: number, code: string, path: string) => failureFrom('https://b', reply(status, code), undefined, path).facts.next

test.each<[number, string, string, string]>([
  [403, 'self-approval', `/requests/${ID}/approve`, `Ask another approver. Show who can approve: stint show ${ID}`],
  [409, 'request-not-pending', `/requests/${ID}/deny`, `Read the request: stint show ${ID}`],
  [403, 'not-requester', `/requests/${ID}/cancel`, `Deny or revoke it instead: stint revoke ${ID}`],
  [409, 'already-decided', '/requests', 'Read the request: stint show ID'],
  [404, 'request-unknown', '/freezes/nosuch', 'List the freezes: stint freeze'],
  [403, 'not-eligible', '/freezes', 'Ask a responder. To see whether access is frozen: stint status'],
  [403, 'not-eligible', '/sessions', 'See what you can use: stint profiles'],
])('%i %s of %s: %s', (status, code, path, expected) => expect(nextOf(status, code, path)).toBe(expected))
