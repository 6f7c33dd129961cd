/**
 * `stint/functions`: builds the functions of a deployment from source. The published package has `prebuilt.ts` in place of this file, with
 * the same command line.
 */
import { buildFromSource } from '@stint/broker/build/build'

await buildFromSource(process.argv.slice(2))
