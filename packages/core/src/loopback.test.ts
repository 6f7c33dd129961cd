import { expect, test } from 'vitest'
import { isLoopback } from './loopback.ts'

test.each([
  ['http://127.0.0.1:4400/', true],
  ['http://localhost/', true],
  ['http://[::1]:4400/', true],
  ['http://127.0.0.1.evil.example/', false],
  ['http://evil.example/127.0.0.1', false],
  ['not a URL', false],
])('%s leads to this machine: %s', (url, is) => expect(isLoopback(url)).toBe(is))
