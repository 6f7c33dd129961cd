import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { VERSION as command } from '@stint/cli/frame/version-number'
import { describe, expect, test } from 'vitest'
import { VERSION as created } from '../../packages/create/src/version.ts'
import { isUnreleased, parseChangeset, readChangesets, sectionOf, withSection } from './changesets.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const changeset = (text: string, head = '"stint": minor') => `---\n${head}\n---\n\n${text}\n`

describe('a changeset', () => {
  test.each([
    ['without packages', 'Fixed: a fault.\n', /does not begin with the packages.*npx changeset/],
    ['with an empty list of packages', changeset('Fixed: a fault.', ''), /does not begin with the packages/],
    [
      'of a private package',
      changeset('Fixed: a fault.', '"@stint/broker": patch'),
      /"@stint\/broker": patch" is not valid\. Use one of stint, /,
    ],
    ['with an unknown bump', changeset('Fixed: a fault.', '"stint": none'), /"stint": none" is not valid/],
    ['without a kind', changeset('A fault is fixed.'), /must begin with one of "Added: ", /],
    ['without a text', changeset(''), /must begin with/],
    ['with a change, without what to do', changeset('Changed: the exit code.\n\nIt was 1.'), /"Changed" needs a paragraph.*"What to do: "/],
    ['with nothing after what to do', changeset('Removed: a flag.\n\nWhat to do:'), /"Removed" needs/],
  ])('%s is refused', (_case, text, message) => {
    expect(() => parseChangeset('.changeset/x.md', text)).toThrow(message)
  })
  test('names packages and a kind, and says what to do', () => {
    const text = changeset(
      'Removed: the flag `--old`.\n\nWhat to do: Use `--new`.',
      `"stint": minor\n'@stint/iam': patch\ncreate-stint: patch`,
    )
    expect(parseChangeset('.changeset/x.md', text)).toEqual({
      kind: 'Removed',
      paragraphs: ['the flag `--old`.', 'What to do: Use `--new`.'],
    })
  })
})

test('all packages have one version', () => {
  const versionOf = (file: string) => (JSON.parse(readFileSync(`${root}/${file}`, 'utf8')) as { version: string }).version
  const workspaces = globSync(['packages/*/package.json', 'test/api-client/package.json'], { cwd: root })
  expect(new Set([command, created, ...workspaces.map(versionOf)])).toEqual(new Set([versionOf('package.json')]))
  expect(workspaces).toHaveLength(10)
})

test('every changeset of the repository is valid, and there are none before the first release', () => {
  const changesets = readChangesets(root)
  if (isUnreleased(readFileSync(`${root}/CHANGELOG.md`, 'utf8'))) expect(changesets).toEqual([])
})

describe('the section of a release', () => {
  const section = sectionOf(
    '0.2.0',
    '2027-01-31',
    ['Fixed: one.', 'Changed: two\nlines.\n\nWhat to do: Run\nthis.', 'Added: three.', 'Fixed: four.'].map((text) =>
      parseChangeset('x', changeset(text)),
    ),
  )
  test('has the kinds in their order, and what to do', () => {
    expect(section).toBe(`## 0.2.0 - 2027-01-31

### Added

- three.

### Changed

- two
  lines.

  **What to do:** Run
  this.

### Fixed

- one.
- four.
`)
  })
  test('is above the older ones', () => {
    expect(withSection('# Changelog\n\nIntro.\n\n## 0.1.0 - 2026-12-01\n\nOld.\n', section)).toBe(
      `# Changelog\n\nIntro.\n\n${section}\n## 0.1.0 - 2026-12-01\n\nOld.\n`,
    )
  })
  test.each([
    ['the first release has no version yet', '# Changelog\n\n## Unreleased\n\nOld.\n', /Release it first/],
    ['there is no section', '# Changelog\n', /no section/],
  ])('is refused if %s', (_case, changelog, message) => {
    expect(() => withSection(changelog, section)).toThrow(message)
  })
})
