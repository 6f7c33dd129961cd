/** For tests of what people are shown: characters that a reader does not see or a terminal obeys, listed by hand. */

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

/** Emoji may have joiners and selectors; line feeds and tabs are for the caller to judge. */
export const hiddenIn = (text: string): readonly string[] =>
  [...text.replace(/\p{RGI_Emoji}/gv, '')]
    .map((character) => character.codePointAt(0) ?? 0)
    .filter((point) => HIDDEN.some(([from, to]) => from <= point && point <= to))
    .map((point) => `U+${point.toString(16)}`)
