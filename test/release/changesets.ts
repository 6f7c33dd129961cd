/**
 * The changesets: files in `.changeset`, each of which describes a change for users, and the section of CHANGELOG.md that a release makes
 * of them. `npx changeset` writes such a file, and the text has this form:
 *
 *     ---
 *     "stint": minor
 *     ---
 *
 *     Changed: `stint lint` exits with 2 if it finds a warning.
 *
 *     What to do: To accept warnings in CI, use `stint lint --errors`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The headings of Keep a Changelog, in its order. */
const KINDS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'] as const
/** The reader must learn what to do about these. */
const NEED_ACTION: readonly string[] = ['Changed', 'Deprecated', 'Removed']
const PUBLISHED = ['stint', 'create-stint', '@stint/tlog', '@stint/iam']

type Changeset = { readonly kind: (typeof KINDS)[number]; readonly paragraphs: readonly string[] }

/** All changesets of a repository, by the names of their files. Throws if one is not valid. */
export const readChangesets = (root: string): readonly Changeset[] =>
  readdirSync(join(root, '.changeset'))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => parseChangeset(`.changeset/${name}`, readFileSync(join(root, '.changeset', name), 'utf8')))

/** Throws if the text is not valid, with `name` and what to fix. */
export function parseChangeset(name: string, text: string): Changeset {
  const [, head, body = ''] = /^---\n(.+?)\n---\n(.*)$/s.exec(text) ?? []
  if (head === undefined) throw new Error(`${name} does not begin with the packages between two lines ---. Write it with: npx changeset`)
  for (const line of head.split('\n')) {
    const [, bumped = ''] = /^["']?([^"':]+)["']?: (?:patch|minor|major)$/.exec(line) ?? []
    if (!PUBLISHED.includes(bumped))
      throw new Error(
        `${name}: "${line}" is not valid. Use one of ${PUBLISHED.join(', ')} with patch, minor or major, as in "stint": patch`,
      )
  }
  const [first = '', ...others] = body.trim().split(/\n{2,}/)
  const kind = KINDS.find((word) => first.startsWith(`${word}: `))
  if (kind === undefined) throw new Error(`${name}: the text must begin with one of ${KINDS.map((word) => `"${word}: "`).join(', ')}`)
  if (NEED_ACTION.includes(kind) && !others.some((paragraph) => /^What to do: \S/.test(paragraph)))
    throw new Error(`${name}: "${kind}" needs a paragraph that begins with "What to do: ". If users need to do nothing, say so there`)
  return { kind, paragraphs: [first.slice(kind.length + 2), ...others] }
}

/** `date`: YYYY-MM-DD. */
export function sectionOf(version: string, date: string, changesets: readonly Changeset[]): string {
  const parts = KINDS.flatMap((kind) => {
    const entries = changesets.filter((changeset) => changeset.kind === kind).map(({ paragraphs }) => entryOf(paragraphs))
    return entries.length === 0 ? [] : [`### ${kind}\n\n${entries.join('\n')}\n`]
  })
  return [`## ${version} - ${date}\n`, ...parts].join('\n')
}

const entryOf = (paragraphs: readonly string[]): string =>
  `- ${paragraphs.map((paragraph) => paragraph.replace(/^What to do:/, '**What to do:**').replaceAll('\n', '\n  ')).join('\n\n  ')}`

/** The changelog with a new section above the others. Throws if the changes before the first release have no version yet. */
export function withSection(changelog: string, section: string): string {
  if (isUnreleased(changelog))
    throw new Error('CHANGELOG.md has a section "Unreleased". Release it first: give it the heading "VERSION - DATE" of that release')
  const at = changelog.indexOf('\n## ') + 1
  if (at === 0) throw new Error('CHANGELOG.md has no section')
  return `${changelog.slice(0, at)}${section}\n${changelog.slice(at)}`
}

/** Whether the changes of the first release still have no version. They are written into CHANGELOG.md, without changesets. */
export const isUnreleased = (changelog: string): boolean => changelog.includes('\n## Unreleased\n')
