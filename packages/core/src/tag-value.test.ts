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
  // A workflow or a branch can be named so. IAM User Guide, "Rules for tagging in IAM and AWS STS": no value begins with aws:.
  ['aws: deploy', '=61ws: deploy'],
  ['AWS: Deploy', '=41WS: Deploy'],
  ['Aws:x', '=41ws:x'],
  ['=61ws: deploy', '=3D61ws: deploy'],
  ['aws-deploy', 'aws-deploy'],
  ['to aws: deploy', 'to aws: deploy'],
  // Names that GitHub, GitLab and git allow: git check-ref-format, GitHub Docs "Workflow syntax", "Deploying with environments".
  ['refs/heads/fix/$HOME', 'refs/heads/fix/=24HOME'],
  ['refs/heads/user/!important', 'refs/heads/user/=21important'],
  ["refs/heads/don't", 'refs/heads/don=27t'],
  ['refs/heads/50%off', 'refs/heads/50=25off'],
  ['refs/heads/a|b', 'refs/heads/a=7Cb'],
  ['CI / build (20.x, ubuntu-latest)', 'CI / build =2820.x=2C ubuntu-latest=29'],
  ['🚀 Ship it!', '=F0=9F=9A=80 Ship it=21'],
  ['Deploy → prod', 'Deploy =E2=86=92 prod'],
  ['release <= 2', 'release =3C= 2'],
  ['copilot-swe-agent[bot]', 'copilot-swe-agent=5Bbot=5D'],
  ['', ''],
])('%j is sent as %j', (value, sent) => expect(tagText(value)).toBe(sent))

test('the value can be read back, and is always one that AWS accepts', () => {
  const unit = fc.constantFrom('a', 'w', 's', ':', 'A', 'F', '5', '=', '[', '#', 'é', '🚀', ' ', '\n', '"', 'B', '%')
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit, maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 12 })), (value) => {
      const sent = tagText(value)
      expect(sent).not.toMatch(/^aws:/i)
      expect(sent).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u)
      // What is not encoded is taken as its own bytes.
      const bytes = [...sent.matchAll(/=([0-9A-F]{2})|(.)/gsu)].map(([one, hex]) => (hex ? Buffer.from(hex, 'hex') : Buffer.from(one)))
      expect(Buffer.concat(bytes).toString('utf8')).toBe(value)
    }),
    { numRuns: 2000 },
  )
})
