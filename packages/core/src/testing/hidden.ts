/** For tests of shown text: a list, written by hand, of characters that a reader cannot see or that a terminal interprets. */

const HIDDEN: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xe0000, 0xe0fff],
]

/** Emoji can contain joiners and selectors. Line feeds and tabs are left to the calling test. */
export const hiddenIn = (text: string): readonly string[] =>
  [...text.replace(/\p{RGI_Emoji}/gv, '')]
    .map((character) => character.codePointAt(0) ?? 0)
    .filter((point) => HIDDEN.some(([from, to]) => from <= point && point <= to))
    .map((point) => `U+${point.toString(16)}`)
