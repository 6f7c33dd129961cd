import { expect, test } from 'vitest'
import { configWord, withSection } from './configure.ts'

const section = ['[profile logs]', 'credential_process = stint credential-process logs', 'region = eu-central-1']
const text = `${section.join('\n')}\n`
const ours = 'credential_process = stint credential-process old\n'

test.each<[string, string, string | undefined]>([
  ['an empty file', '', text],
  ['a file with another profile', '[default]\nregion = x\n', `[default]\nregion = x\n\n${text}`],
  ['a file without a newline at its end', '[default]\nregion = x', `[default]\nregion = x\n\n${text}`],
  [
    'its own section, with the user’s lines and comments',
    `# mine\n[profile logs]\n# why\n${ours}output = json\n\n[profile b]\nx = 1\n`,
    `# mine\n[profile logs]\n# why\n${section[1]}\noutput = json\n${section[2]}\n\n[profile b]\nx = 1\n`,
  ],
  ['its own section in a file of Windows', `[profile logs]\r\n${ours.trim()}\r\n`, `${section.join('\r\n')}\r\n`],
  ['a section of the user', '[profile logs]\nsso_session = corp\n', undefined],
  ['a profile whose name contains this one', '[profile logs-old]\nx = 1\n', `[profile logs-old]\nx = 1\n\n${text}`],
  [
    'a nested setting',
    `[profile logs]\n${ours}s3 =\n  max_concurrent_requests = 4\n`,
    `[profile logs]\n${section[1]}\ns3 =\n  max_concurrent_requests = 4\n${section[2]}\n`,
  ],
])('%s', (_name, before, after) => {
  expect(withSection(before, 'logs', section, false)).toBe(after)
})
test.each([
  'stint credential-process logs -p a=b',
  '/usr/local/bin/stint credential-process logs',
  '/opt/node /srv/clone/packages/cli/bin/stint.cjs credential-process logs',
  '"/opt/my node/node" "/srv/my clone/stint.cjs" credential-process logs',
  '"C:\\Program Files\\nodejs\\node.exe" C:\\stint.cjs credential-process logs',
])('knows what it wrote itself: %s', (line) => {
  expect(withSection(`[profile logs]\ncredential_process = ${line}\n`, 'logs', section, false)).toBe(text)
})
test.each(['/usr/bin/other credential-process logs', 'mystint credential-process logs', 'stint env logs'])('not: %s', (line) => {
  expect(withSection(`[profile logs]\ncredential_process = ${line}\n`, 'logs', section, false)).toBeUndefined()
})
test.each<[NodeJS.Platform, string, string | undefined]>([
  ['linux', '/opt/node', '/opt/node'],
  ['linux', '/srv/my clone/stint.cjs', '"/srv/my clone/stint.cjs"'],
  ['linux', '/srv/(a) & b/x', '"/srv/(a) & b/x"'],
  ['linux', '/srv/a"b', undefined],
  ['linux', '/srv/a$b', undefined],
  ['linux', '/srv/a`b', undefined],
  ['linux', 'C:\\x', undefined],
  ['win32', 'C:\\Program Files\\node.exe', '"C:\\Program Files\\node.exe"'],
  ['win32', 'C:\\%x%', undefined],
  ['win32', 'a=%x%', undefined],
  ['linux', 'a=%x%', 'a=%x%'],
])('on %s, the word %s is written as %s', (platform, word, expected) => {
  if (expected === undefined) expect(() => configWord(word, platform)).toThrow(/cannot be written to the AWS config/)
  else expect(configWord(word, platform)).toBe(expected)
})
test('changes nothing the second time', () => {
  expect(withSection(text, 'logs', section, false)).toBe(text)
})
test('replaces a section of the user if it is told to, and keeps the other lines', () => {
  expect(withSection('[profile logs]\nregion = x\noutput = json\n', 'logs', section, true)).toBe(
    `[profile logs]\n${section[2]}\noutput = json\n${section[1]}\n`,
  )
})
