// Says which Node is needed, before a file is read that an older one cannot parse. Plain JavaScript for any Node ≥ 12.
'use strict'
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    'stint needs Node 24 or newer, and this is Node ' +
      process.version.slice(1) +
      '. Install Node 24 from https://nodejs.org and try again.',
  )
  process.exit(1)
}
