import { expect, test } from 'vitest'
import { canBeDenial } from './exec.ts'

test.each<[string, number, boolean]>([
  ['aws ec2 describe-instances', 254, true],
  ['terraform apply', 255, true],
  ['aws s3 cp s3://b/k -', 1, true],
  ['/usr/local/bin/aws --endpoint-url http://x s3 cp s3://b/k -', 1, true],
  ['aws ec2 describe-instances', 1, false],
  ['grep s3 file', 1, false],
  ['aws s3 ls', 0, false],
])('%s that ends with %i: %s', (command, code, expected) => expect(canBeDenial(command.split(' '), code)).toBe(expected))
