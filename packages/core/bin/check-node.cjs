// Says which Node is needed, before a file is read that an older one cannot parse. Plain JavaScript for any Node ≥ 12.
'use strict'
var major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    'Stint runs on Node 24 or newer; this is ' +
      process.version +
      '.\n' +
      'On Linux (x64, arm64) and Windows (x64) `npm ci` brings Node 24 along, and npm scripts find it: run `npm ci` without --omit=optional.\n' +
      'Elsewhere install Node 24 from https://nodejs.org and try again.',
  )
  process.exit(1)
}
