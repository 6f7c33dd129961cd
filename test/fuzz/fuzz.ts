/**
 * `npm run fuzz -- --target NAME --executions N --seed S`: fuzzes one target, or all of them. A failing input is made small and stored in
 * `test/fuzz/corpus/NAME`, where `npm test` runs it from then on. With `--collect`, so are inputs with a new kind of outcome.
 * `npm run fuzz -- seeded`: seeded.ts.
 */
import { parseArgs } from 'node:util'
import { fuzz, store } from './engine.ts'

/** Of one target, in one run. */
const MOST_COLLECTED = 25

const { values, positionals } = parseArgs({
  options: {
    target: { type: 'string' },
    executions: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    'no-store': { type: 'boolean', default: false },
    collect: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
if (positionals[0] === 'seeded') await import('./seeded.ts')
else {
  const { targets } = await import('./targets.ts')
  const wanted = targets.filter(({ name }) => values.target === undefined || values.target === name)
  if (wanted.length === 0) throw new Error(`Unknown target. Use one of: ${targets.map(({ name }) => name).join(', ')}`)
  for (const target of wanted) {
    const started = performance.now()
    let collected = 0
    const { executions, kinds, failure } = await fuzz(target, Number(values.executions), Number(values.seed), (input) => {
      if (values.collect && collected++ < MOST_COLLECTED) store(target.name, input)
    })
    const each = Math.round(executions / ((performance.now() - started) / 1000))
    console.log(
      `${target.name.padEnd(12)} seed ${values.seed}  ${executions} executions  ${each}/s  ${kinds} kinds of outcome  ${failure ? 'BROKEN' : 'ok'}`,
    )
    if (!failure) continue
    process.exitCode = 1
    const at = values['no-store'] ? 'not stored' : store(target.name, failure.input)
    console.log(
      `  oracle: ${target.oracle}\n  error:  ${failure.error.message}\n  input:  ${JSON.stringify(failure.input.toString('latin1'))}\n  ${at}`,
    )
  }
}
