/** Files of literal values, as Terraform reads them. @cdktf/hcl2json, which is HashiCorp's own parser, reads the same. */
import { parse as parseHcl } from '@cdktf/hcl2json'
import { describe, expect, test } from 'vitest'
import { parseTfvars } from './tfvars.ts'

const valid: readonly (readonly [name: string, text: string])[] = [
  ['nothing', ''],
  ['comments', '# a\n// b\n/* c\nd */ x = 1 # e\n'],
  ['scalars', 'a = "text"\nb = 12\nc = -1.5e3\nd = true\ne = false\nf = null\n'],
  ['escapes', 'a = "\\"\\\\\\n\\t\\u00e9\\U0001F600"\n'],
  ['dollars that are no templates', 'a = "$5 and $ {b} and 5%"\n'],
  ['escaped templates', 'a = "$${b} and %%{c}"\n'],
  ['lists', 'a = []\nb = [1, 2,]\nc = [\n  "x", # one\n  "y",\n\n  "z"\n]\n'],
  ['objects', 'a = {}\nb = { x = 1, "y" : 2 }\nc = {\n  x = 1\n  "y z" = [\n    { q = true }\n  ],\n}\n'],
  ['names', 'a-b = 1\n_c = { d-e = 2 }\n'],
  ['Windows lines', 'a = [\r\n  1,\r\n]\r\nb = 2\r\n'],
  [
    'the example of the module',
    'config = [\n  {\n    "ResourceType" : "Account",\n    "Resource" : "*",\n    "PermissionSet" : ["A", "B"],\n    "Approvers" : "a@acme.example",\n    "AllowSelfApproval" : true,\n  },\n]\n',
  ],
]

test.each(valid)('reads %s as Terraform does', async (_name, text) => {
  const parsed = parseTfvars(text)
  expect(parsed).toMatchObject({ ok: true })
  expect(parsed.ok && parsed.value).toEqual(await hcl(text))
})

/** HashiCorp's parser keeps templates as text, so `$${` stays as it is. */
async function hcl(text: string): Promise<unknown> {
  return JSON.parse(JSON.stringify(await parseHcl('a.tfvars', text)).replaceAll(/([$%])\1\{/g, '$1{'))
}

describe('refuses', () => {
  test.each<[string, string, RegExp]>([
    ['a reference', 'a = 1\nb = var.x\n', /^line 2: Only literal values/],
    ['a function', 'a = [\n  1,\n  toset([1])\n]', /^line 3: Only literal values/],
    ['an operation', 'a = 1 + 1', /^line 1: Only literal values/],
    ['a template', 'a = "x-${var.y}"', /has a template/],
    ['a template after an escaped one', 'a = "$${x}${var.y}"', /has a template/],
    ['a directive', 'a = "%{ if true }x%{ endif }"', /has a template/],
    ['a heredoc', 'a = <<EOT\nx\nEOT\n', /Only literal values/],
    ['a for expression', 'a = [for x in y : x]', /Only literal values|expected/],
    ['a block', 'module "x" {\n  config = []\n}\n', /expected = after the name/],
    ['a name alone', 'a', /expected = after the name/],
    ['two assignments on a line', 'a = 1 b = 2', /Only literal values/],
    ['a name that is set twice', 'a = 1\na = 2', /^line 2: 'a' is set twice/],
    ['a property that is set twice', 'a = { b = 1, b = 2 }', /'b' is set twice/],
    ['an open list', 'a = [1,', /Only literal values|expected/],
    ['an open string', 'a = "x', /Only literal values/],
    ['an open object', 'a = { b = 1', /expected , or a new line/],
    ['a list without commas', 'a = [1 2]', /expected , or \]/],
    ['an unknown escape', 'a = "\\q"', /invalid escape/],
    ['a code point that does not exist', 'a = "\\UFFFFFFFF"', /invalid escape/],
    ['values within values without end', `a = ${'['.repeat(200)}`, /nested too deeply/],
  ])('%s', (_name, text, fault) => {
    const parsed = parseTfvars(text)
    expect(parsed).toMatchObject({ ok: false })
    expect(parsed.ok ? '' : parsed.fault).toMatch(fault)
  })
})
