/** `stint`: what `stint.config.ts` and `test/access.ts` import. */
export * from '@stint/core'
