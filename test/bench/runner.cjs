// Loads one bundle and calls its handler: once (cold), or many times (warm), `together` at a time. Prints what it cost in CPU and time.
'use strict'
const began = process.hrtime.bigint()
const [, , bundle, calls, warmUp, together = '1'] = process.argv
const event = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
const cpu = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
async function main() {
  const { handler } = require(bundle)
  const call = async () => {
    const answer = await handler(event, {})
    if (answer.statusCode !== 201) throw new Error(`answered ${answer.statusCode}: ${answer.body}`)
  }
  const many = async (count) => {
    let left = count
    const one = async () => {
      while (left-- > 0) await call()
    }
    await Promise.all(Array.from({ length: Number(together) }, one))
  }
  await many(Number(warmUp))
  const before = Number(warmUp) > 0 ? cpu() : 0
  const start = Number(warmUp) > 0 ? process.hrtime.bigint() : began
  await many(Number(calls))
  const [used, took] = [cpu() - before, Number(process.hrtime.bigint() - start) / 1e6]
  global.gc?.()
  const line = { cpu: used, wall: took, heap: process.memoryUsage().heapUsed / 1e6, rss: process.resourceUsage().maxRSS / 1024 }
  require('node:fs').writeSync(3, JSON.stringify(line))
  process.exit(0)
}
main().catch((error) => {
  console.error(error)
  process.exit(1)
})
