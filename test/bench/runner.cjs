// Loads one bundle and calls its handler: once (cold), or many times (warm). Prints what it cost in CPU and time.
'use strict'
const began = process.hrtime.bigint()
const [, , bundle, calls, warmUp] = process.argv
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
  for (let count = 0; count < Number(warmUp); count++) await call()
  const before = Number(warmUp) > 0 ? cpu() : 0
  const start = Number(warmUp) > 0 ? process.hrtime.bigint() : began
  for (let count = 0; count < Number(calls); count++) await call()
  const line = { cpu: cpu() - before, wall: Number(process.hrtime.bigint() - start) / 1e6, rss: process.resourceUsage().maxRSS / 1024 }
  require('node:fs').writeSync(3, JSON.stringify(line))
  process.exit(0)
}
main().catch((error) => {
  console.error(error)
  process.exit(1)
})
