import { expect, test } from 'vitest'
import { realStream, withSafeStderr } from './stderr.ts'

/** A process whose stderr keeps what it gets. */
function made() {
  const said: string[] = []
  const listeners: string[] = []
  const stderr = { columns: 80, isTTY: true, write: (text: string) => said.push(text) > 0 }
  const process = { stderr, exitCode: 0, once: (name: string) => void listeners.push(name) } as unknown as NodeJS.Process
  return { said, listeners, process, safe: withSafeStderr(process) }
}

test.each([
  ['a sequence that sets the title', 'code: AB\u001B]0;t\u0007CD\n', 'code: AB‹U+001B›]0;t‹U+0007›CD\n'],
  ['an override of the direction', 'open https://i.example/\u202Egnp\n', 'open https://i.example/‹U+202E›gnp\n'],
  ['a return to the start of the line', 'denied\rgranted\n', 'denied‹U+000D›granted\n'],
  ['plain lines', 'One.\n\tTwo.\r\nThree é 🔑.\n', 'One.\n\tTwo.\nThree é 🔑.\n'],
])('%s is shown', (_what, text, shown) => {
  const { safe, said } = made()
  expect(safe.stderr.write(text)).toBe(true)
  expect(said).toEqual([shown])
})

test('the rest of the process is the process itself', () => {
  const { safe, process, listeners } = made()
  safe.exitCode = 3
  safe.once('SIGINT', () => {})
  expect([process.exitCode, listeners, safe.stderr.columns]).toEqual([3, ['SIGINT'], 80])
  safe.stderr.columns = 120
  expect(process.stderr.columns).toBe(120)
})

test('what draws on the terminal writes to the stream itself', () => {
  const { safe, process, said } = made()
  realStream(safe.stderr).write('\r\u001B[2K')
  expect(said).toEqual(['\r\u001B[2K'])
  expect(realStream(process.stderr)).toBe(process.stderr)
})
