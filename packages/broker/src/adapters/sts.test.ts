/** Which gate said no, as far as AWS's words tell. Messages as AWS's users and documentation have them. */
import { expect, test } from 'vitest'
import { gateOf } from './sts.ts'

const said =
  'User: arn:aws:sts::123456789012:assumed-role/stint-vend/stint-vend is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/x'
test.each([
  [`${said} because no role trust policy allows the sts:AssumeRole action`, 'trust-policy'],
  [`${said} with an explicit deny in a resource-based policy`, 'trust-policy'],
  [`${said} because no identity-based policy allows the sts:AssumeRole action`, 'caller-permission'],
  [`${said} because no permissions boundary allows the sts:AssumeRole action`, 'caller-permission'],
  [`${said} because no session policy allows the sts:AssumeRole action`, 'caller-permission'],
  [`${said} with an explicit deny in a service control policy`, 'caller-permission'],
  [said, 'unknown'],
  ['', 'unknown'],
])('%s → %s', (message, gate) => expect(gateOf(message)).toBe(gate))
