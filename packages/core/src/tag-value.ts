/** Values of session tags. Alphabet and length: AWS STS API Reference, Tag. The reserved start: IAM User Guide, "Rules for tagging". */

export const MAX_TAG_VALUE = 256

/**
 * The value as sent: a character that AWS does not accept becomes `=XX`, its UTF-8 bytes in hex. `=` stays, unless it would look like
 * one of these. A value must not begin with `aws:`, which AWS reserves, so its first letter is escaped too. So two values never become
 * one, and most stay as they are.
 */
export const tagText = (text: string): string => text.replace(/^[aA](?=[wW][sS]:)|=(?=[\dA-F]{2})|[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, escaped)

export const escaped = (character: string): string =>
  [...Buffer.from(character, 'utf8')].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
