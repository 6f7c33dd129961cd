/**
 * The helpers of `stint.config.ts`. They only build the data of `shape.ts` and have no effect at run time.
 *
 *     import { binding, defineConfig, glob, includes, param, text } from 'stint'
 *
 *     export default defineConfig({
 *       issuers: { staff: { url: binding('STAFF_ISSUER', 'https://…'), … } },
 *       targets: { prod: { account: '111122223333', … } },
 *       profiles: { 'logs-read': { target: 'prod', eligible: [{ issuer: 'staff', claims: { groups: includes('dev') } }], … } },
 *     })
 */
import type { Binding, ClaimRef, ConfigSource, Matcher, Scalar, Template } from './shape.ts'

/** Adds types to the config. The config is checked when it is loaded. */
export const defineConfig = (config: ConfigSource): ConfigSource => config

/** A value that a deployment fills in from its environment, with an optional default. */
export const binding = (name: string, fallback?: string): Binding =>
  fallback === undefined ? { binding: name } : { binding: name, default: fallback }

/** The claim is a list (such as groups) that contains this value. */
export const includes = (value: Scalar): Matcher => ({ includes: value })
export const oneOf = (...values: readonly Scalar[]): Matcher => ({ oneOf: values })
/** The whole claim matches the pattern. `*` does not match a `/`, `**` does. */
export const glob = (pattern: string): Matcher => ({ glob: pattern })
export const cidr = (...blocks: readonly string[]): Matcher => ({ cidr: blocks })
/** The claim is present and does not match. */
export const not = (matcher: Matcher): Matcher => ({ not: matcher })
export const all = (...matchers: readonly Matcher[]): Matcher => ({ all: matchers })
export const any = (...matchers: readonly Matcher[]): Matcher => ({ any: matchers })

export const claim = (name: ClaimRef): { readonly claim: ClaimRef } => ({ claim: name })
export const constant = (value: string): { readonly const: string } => ({ const: value })
/** A parameter of the profile: the whole value of a tag, or a part of `text`. */
export const param = (name: string): { readonly param: string } => ({ param: name })

/** A policy value with parameters in it: text`arn:aws:s3:::${param('bucket')}/*`. */
export const text = (strings: TemplateStringsArray, ...params: readonly { readonly param: string }[]): Template => ({
  join: strings.flatMap((part, index) => [...(part === '' ? [] : [part]), ...(params[index] ? [params[index]] : [])]),
})
