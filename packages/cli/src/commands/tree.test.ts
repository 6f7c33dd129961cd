import { expect, test } from 'vitest'
import { allCommands } from './tree.ts'

// `sandbox` passes its words on to npm start.
test.each(['json', 'quiet', 'debug'])('every command but sandbox has --%s', (flag) => {
  const lacking = allCommands().filter(({ hasFlag }) => !hasFlag(flag))
  expect(lacking.map(({ name }) => name)).toEqual(['sandbox'])
})
