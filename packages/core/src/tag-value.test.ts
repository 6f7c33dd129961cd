/** Session tags from claims: what AWS does not accept is encoded, and two values never become one. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tagText } from './tag-value.ts'

test.each([
  // GitHub: names of bots, branches and workflows.
  ['dependabot[bot]', 'dependabot=5Bbot=5D'],
  ['github-actions[bot]', 'github-actions=5Bbot=5D'],
  ['renovate[bot]', 'renovate=5Bbot=5D'],
  ['refs/heads/#2-bit', 'refs/heads/=232-bit'],
  ['#2-bit', '=232-bit'],
  ['(logo)', '=28logo=29'],
  ['refs/heads/feat(ui)', 'refs/heads/feat=28ui=29'],
  ['Build & Deploy 🚀', 'Build =26 Deploy =F0=9F=9A=80'],
  ['.github/workflows/ci.yml', '.github/workflows/ci.yml'],
  ['refs/tags/v1.0.0+build@2', 'refs/tags/v1.0.0+build@2'],
  ["it's; a, list", 'it=27s=3B a=2C list'],
  ['Müller-Lüdenscheidt', 'Müller-Lüdenscheidt'],
  ['日本語 ブランチ', '日本語 ブランチ'],
  ['a=b', 'a=b'],
  ['a==', 'a=='],
  ['a=5B', 'a=3D5B'],
  ['a=5b', 'a=5b'],
  ['a=[', 'a==5B'],
  ['a\tb', 'a=09b'],
  ['<!channel>', '=3C=21channel=3E'],
  ['', ''],
])('%j is sent as %j', (value, sent) => expect(tagText(value)).toBe(sent))

test('the value can be read back, and is always one that AWS accepts', () => {
  const unit = fc.constantFrom('a', 'F', '5', '=', '[', '#', 'é', '🚀', ' ', '\n', '"', 'B', '%')
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit, maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 12 })), (value) => {
      const sent = tagText(value)
      expect(sent).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u)
      // What is not encoded is taken as its own bytes.
      const bytes = [...sent.matchAll(/=([0-9A-F]{2})|(.)/gsu)].map(([one, hex]) => (hex ? Buffer.from(hex, 'hex') : Buffer.from(one)))
      expect(Buffer.concat(bytes).toString('utf8')).toBe(value)
    }),
    { numRuns: 2000 },
  )
})
