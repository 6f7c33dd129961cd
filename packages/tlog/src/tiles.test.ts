import { describe, expect, test } from 'vitest'
import { fold, leafHash, perfectNodes } from './merkle.ts'
import {
  decodeBundle,
  decodeTile,
  encodeBundle,
  encodeTile,
  hashWithin,
  levelsOf,
  parseTilePath,
  placeOf,
  tileAt,
  tilePath,
  tileRoot,
  tilesBetween,
} from './tiles.ts'

describe('paths, as C2SP tlog-tiles writes them', () => {
  test.each([
    ['tile/0/x001/x234/067', { level: 0, index: 1234067, width: 256 }],
    ['tile/0/005', { level: 0, index: 5, width: 256 }],
    ['tile/1/000.p/17', { level: 1, index: 0, width: 17 }],
    ['tile/entries/x001/000.p/255', { level: 'entries', index: 1000, width: 255 }],
  ] as const)('%s', (path, tile) => {
    expect(tilePath(tile)).toBe(path)
    expect(parseTilePath(path)).toEqual(tile)
  })
  test.each([
    'tile/0/5',
    'tile/00/005',
    'tile/64/005',
    'tile/0/x000/005',
    'tile/0/005.p/0',
    'tile/0/005.p/256',
    'tile/0/005.p/311',
    'tile/0/005.p/01',
    'tile/-1/005',
    'tile/entries/../../etc',
    'tile/0/005/',
    '/tile/0/005',
  ])('no path: %s', (path) => expect(parseTilePath(path)).toBeUndefined())
})

test.each([
  [70_000, ['0 273 112', '1 1 17', '2 0 1']],
  [256, ['0 0 256', '1 0 1']],
  [1, ['0 0 1']],
  [65_536, ['0 255 256', '1 0 256', '2 0 1']],
])('the last tile of each level of %i entries', (size, expected) => {
  const last = levelsOf(size).map((level) => tilesBetween(level, 0, size).at(-1))
  expect(last.map((tile) => `${tile?.level} ${tile?.index} ${tile?.width}`)).toEqual(expected)
})

test('growing writes only the changed tiles', () => {
  const names = (from: number, to: number) =>
    ([...levelsOf(to), 'entries'] as const).flatMap((level) => tilesBetween(level, from, to)).map(tilePath)
  expect(names(250, 251)).toEqual(['tile/0/000.p/251', 'tile/entries/000.p/251'])
  expect(names(250, 258)).toEqual(['tile/0/000', 'tile/0/001.p/2', 'tile/1/000.p/1', 'tile/entries/000', 'tile/entries/001.p/2'])
  expect(names(512, 513)).toEqual(['tile/0/002.p/1', 'tile/entries/002.p/1'])
  expect(names(7, 7)).toEqual([])
  expect(tileAt(0, 1, 256)).toBeUndefined()
})

test('any perfect range is folded from one tile', () => {
  const leaves = Array.from({ length: 1000 }, (_, index) => leafHash(Buffer.from(String(index))))
  const rows = [leaves, Array.from({ length: 3 }, (_, index) => tileRoot(leaves.slice(index * 256, (index + 1) * 256)))]
  for (const node of perfectNodes({ start: 0, end: 1000 })) {
    const { level, tile, start, end } = placeOf(node)
    const direct = hashWithin(leaves, node.index * 2 ** node.level, (node.index + 1) * 2 ** node.level)
    expect(hashWithin((rows[level] ?? []).slice(tile * 256, (tile + 1) * 256), start, end)).toEqual(direct)
  }
  expect(fold([])).toHaveLength(32)
})

describe('tiles and bundles', () => {
  const entries = ['a', '', 'ccc'].map((text) => Buffer.from(text))
  test('come back as they were', () => {
    expect(decodeBundle(encodeBundle(entries), 3)?.map((entry) => Buffer.from(entry).toString())).toEqual(['a', '', 'ccc'])
    const hashes = entries.map(leafHash)
    expect(decodeTile(encodeTile(hashes), 3)?.map((hash) => Buffer.from(hash))).toEqual(hashes)
  })
  test.each([
    ['too few', encodeBundle(entries), 4],
    ['too many', encodeBundle(entries), 2],
    ['cut', encodeBundle(entries).subarray(0, -1), 3],
    ['a byte more', Buffer.concat([encodeBundle(entries), Buffer.of(0)]), 3],
  ])('a bundle with %s is invalid', (_what, bytes, width) => expect(decodeBundle(bytes, width)).toBeUndefined())
  test('a tile of another width is invalid', () => expect(decodeTile(Buffer.alloc(64), 3)).toBeUndefined())
  test('an entry longer than its length field is a bug', () => expect(() => encodeBundle([Buffer.alloc(65_536)])).toThrow(RangeError))
})
