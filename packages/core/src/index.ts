/** What `stint.config.ts` imports. The rest of core is imported file by file. */
export { all, any, binding, cidr, claim, constant, defineConfig, glob, includes, not, oneOf, param, text } from './config/define.ts'
export type * from './config/shape.ts'
