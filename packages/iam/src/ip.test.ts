/** Addresses and blocks, v4 and v6: what lies within what. */
import { expect, test } from 'vitest'
import { inCidr, isCidr, parseIp } from './ip.ts'

test.each<[string, string, boolean]>([
  ['203.0.113.7', '203.0.113.0/24', true],
  ['203.0.114.7', '203.0.113.0/24', false],
  ['203.0.113.7', '203.0.113.7', true],
  ['203.0.113.8', '203.0.113.7', false],
  ['203.0.113.7', '0.0.0.0/0', true],
  ['10.0.0.0', '10.0.0.0/32', true],
  ['10.0.0.1', '10.0.0.0/32', false],
  ['2001:db8::1', '2001:db8::/32', true],
  ['2001:db9::1', '2001:db8::/32', false],
  ['2001:db8::1', '2001:db8::1', true],
  ['2001:db8::2', '2001:db8::1', false],
  ['2001:db8:0:0:0:0:0:1', '2001:DB8::1/128', true],
  ['2001:db8::8000:0:0:0', '2001:db8:0:0:8000::/65', true],
  ['2001:db8::7fff:0:0:0', '2001:db8:0:0:8000::/65', false],
  ['fe80::1', '::/0', true],
  ['::1', '::/128', false],
  // Two families never meet, but for an IPv4 address that is written as IPv6.
  ['203.0.113.7', '::/0', false],
  ['2001:db8::1', '0.0.0.0/0', false],
  ['::ffff:203.0.113.7', '203.0.113.0/24', true],
  ['203.0.113.7', '::ffff:203.0.113.7', true],
  ['::203.0.113.7', '203.0.113.0/24', false],
  // What is not an address lies nowhere.
  ['', '0.0.0.0/0', false],
  ['203.0.113', '0.0.0.0/0', false],
  ['203.0.113.07', '203.0.113.7', false],
  ['203.0.113.256', '0.0.0.0/0', false],
  ['2001:db8::1::2', '::/0', false],
  ['2001:db8:1', '::/0', false],
  ['1:2:3:4:5:6:7:8:9', '::/0', false],
  ['fe80::1%eth0', 'fe80::/10', false],
  ['203.0.113.7', '203.0.113.0/33', false],
  ['203.0.113.7', '203.0.113.0/', false],
  ['203.0.113.7', '203.0.113.0/24/1', false],
  ['203.0.113.7', '203.0.113.0/-1', false],
])('%s in %s: %s', (ip, block, expected) => expect(inCidr(ip, block)).toBe(expected))

test.each<[string, string | undefined]>([
  ['0.0.0.0', '0'],
  ['255.255.255.255', 'ffffffff'],
  ['::', '0'],
  ['::1', '1'],
  ['2001:db8::ff00:42:8329', '20010db8000000000000ff0000428329'],
  ['1:2:3:4:5:6:7:8', '10002000300040005000600070008'],
  ['::ffff:1.2.3.4', '1020304'],
  ['1:2:3:4:5:6:1.2.3.4', '10002000300040005000601020304'],
  // `::` stands for one group or more (RFC 4291 §2.2).
  ['1:2:3:4:5:6::8', '10002000300040005000600000008'],
  ['1:2:3:4:5:6:7::8', undefined],
  ['1:2:3:4:5:6:7:8::9', undefined],
  ['1:2:3:4:5:6:7::8::9', undefined],
  ['g::1', undefined],
  [':1', undefined],
])('%s is the number %s', (text, hex) => expect(parseIp(text)?.value.toString(16)).toBe(hex))

test.each<[string, boolean]>([
  ['10.0.0.0/8', true],
  ['2001:db8::/32', true],
  ['10.0.0', false],
  ['', false],
])('%s is a block: %s', (block, expected) => expect(isCidr(block)).toBe(expected))
