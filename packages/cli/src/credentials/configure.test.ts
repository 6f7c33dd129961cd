import { expect, test } from 'vitest'
import { withSection } from './configure.ts'

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
test('changes nothing the second time', () => {
  expect(withSection(text, 'logs', section, false)).toBe(text)
})
test('replaces a section of the user if it is told to, and keeps the other lines', () => {
  expect(withSection('[profile logs]\nregion = x\noutput = json\n', 'logs', section, true)).toBe(
    `[profile logs]\n${section[2]}\noutput = json\n${section[1]}\n`,
  )
})
