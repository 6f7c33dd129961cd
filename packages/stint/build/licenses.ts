/** The licenses of the code in the bundles. Nothing copyleft may ship: a package with another license stops the build. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './root.ts'

/** SPDX identifiers of permissive licenses. */
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'Unlicense']

type Licensed = { readonly name: string; readonly version: string; readonly license: string; readonly text: string }

/** Throws if a package is not under a permissive license. */
async function licensed(names: readonly string[]): Promise<readonly Licensed[]> {
  const found = await Promise.all(names.map(licenseOf))
  const strange = found.filter(({ license }) => !isPermissive(license))
  if (strange.length > 0)
    throw new Error(`These packages must not ship: ${strange.map(({ name, license }) => `${name} (${license})`).join(', ')}`)
  return found
}

/** `MIT`, or a choice such as `(MIT OR GPL-3.0)`. Every part of `AND` must be permissive. */
export const isPermissive = (license: string): boolean =>
  license
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((part) => PERMISSIVE.includes(part.trim())))

/** The current form of `license`, and the two forms in older packages. */
type Described = {
  readonly version: string
  readonly license?: string | { readonly type: string }
  readonly licenses?: readonly { readonly type: string }[]
}

async function licenseOf(name: string): Promise<Licensed> {
  const folder = join(root, 'node_modules', name)
  const { version, license: given, licenses = [] } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Described
  const license = typeof given === 'string' ? given : (given?.type ?? (licenses.map(({ type }) => type).join(' OR ') || 'none'))
  const file = (await readdir(folder)).find((entry) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(entry))
  return { name, version, license, text: file === undefined ? '' : (await readFile(join(folder, file), 'utf8')).trim() }
}

/** The file that ships with the bundles. Packages with the same text share it. */
export async function licenses(names: readonly string[]): Promise<string> {
  const byText = new Map<string, string[]>()
  for (const { name, version, license, text } of await licensed(names)) {
    const key = text === '' ? `Licensed under ${license}. The package has no license file.` : text
    byText.set(key, [...(byText.get(key) ?? []), `${name} ${version} (${license})`])
  }
  const parts = [...byText].map(([text, packages]) => `${packages.join('\n')}\n\n${text}\n`)
  return `The bundles of this package contain code of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}
