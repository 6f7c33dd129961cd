/**
 * For tests and for the sandbox's Slack; nothing that is deployed imports this. Slack's limits for messages and modals, as its documentation gives them ("Reference: blocks", "Reference: block elements",
 * "Reference: composition objects", "Views"). What is over one is named by its place.
 */

// biome-ignore lint/suspicious/noExplicitAny: any JSON at all
type Node = { readonly [member: string]: any }

/** `[kind of node, member]` → longest text or list. */
const longest: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  header: { text: 150, block_id: 255 },
  section: { text: 3000, fields: 10, block_id: 255 },
  context: { elements: 10, block_id: 255 },
  actions: { elements: 25, block_id: 255 },
  input: { label: 2000, hint: 2000, block_id: 255 },
  button: { text: 75, value: 2000, action_id: 255, url: 3000 },
  plain_text_input: { placeholder: 150, action_id: 255 },
  static_select: { options: 100, action_id: 255 },
  external_select: { action_id: 255 },
  option: { text: 75, value: 150, description: 75 },
  modal: { title: 24, submit: 24, close: 24, private_metadata: 3000, callback_id: 255, blocks: 100 },
}
const FIELD = 2000
const BLOCKS_IN_A_MESSAGE = 50
/** Slack refused some messages of 11,341 (slackapi/bolt-js issue 2867). */
const TEXT_IN_A_MESSAGE = 11_000
const VIEW_BYTES = 250 * 1024

const lengthOf = (value: Node[string]): number =>
  typeof value === 'string' || Array.isArray(value) ? value.length : String(value?.text ?? '').length

export function blockKitFaults(node: { readonly blocks: readonly object[]; readonly type?: string; readonly text?: string }): string[] {
  const faults: string[] = []
  const ids = new Set<string>()
  const visit = (value: Node[string], place: string): void => {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) visit(item, `${place}[${index}]`)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    const kind = value.type ?? ('value' in value && 'text' in value ? 'option' : '')
    for (const [member, limit] of Object.entries(longest[kind] ?? {}))
      if (member in value && lengthOf(value[member]) > limit) faults.push(`${place}.${member} is ${lengthOf(value[member])} of ${limit}`)
    if (kind === 'section') {
      if (value.text === undefined && value.fields === undefined) faults.push(`${place} has neither text nor fields`)
      for (const [index, field] of (value.fields ?? []).entries())
        if (lengthOf(field) > FIELD) faults.push(`${place}.fields[${index}] is over ${FIELD}`)
    }
    if ((kind === 'plain_text' || kind === 'mrkdwn') && (value.text === '' || value.text.length > 3000))
      faults.push(`${place} is empty or over 3000`)
    if (kind === 'plain_text_input' && (value.max_length ?? 0) > 3000) faults.push(`${place}.max_length`)
    if (kind === 'static_select' && (value.options ?? []).length === 0) faults.push(`${place} has no option`)
    if (typeof value.block_id === 'string') {
      if (ids.has(value.block_id)) faults.push(`${place}.block_id is there twice`)
      ids.add(value.block_id)
    }
    for (const [member, inner] of Object.entries(value as Node)) visit(inner, `${place}.${member}`)
  }
  visit(node, node.type === 'modal' ? 'view' : 'message')
  if (node.type === 'modal') {
    if (Buffer.byteLength(JSON.stringify(node)) > VIEW_BYTES) faults.push('the view is too large')
  } else {
    if (node.blocks.length > BLOCKS_IN_A_MESSAGE) faults.push(`${node.blocks.length} blocks of ${BLOCKS_IN_A_MESSAGE}`)
    if (allText(node.blocks) > TEXT_IN_A_MESSAGE) faults.push(`${allText(node.blocks)} characters of ${TEXT_IN_A_MESSAGE}`)
    if (!node.text) faults.push('there is no text for notifications')
  }
  return faults
}

function allText(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 0
  const { text } = node as Node
  const own = typeof text === 'string' ? text.length : 0
  return Object.values(node).reduce((sum: number, inner) => sum + allText(inner), own)
}

/** Every mrkdwn text: what is markup in it, but what we wrote as such. */
export function markupIn(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(markupIn)
  if (typeof node !== 'object' || node === null) return []
  const { type, text } = node as Node
  const own = type === 'mrkdwn' ? [...String(text).matchAll(/<[^>]*>?|>/g)].map(([found]) => found) : []
  return [...own, ...Object.values(node).flatMap(markupIn)]
}
