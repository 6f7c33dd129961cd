#!/usr/bin/env node
// Plain JavaScript, so that a Node that is too old says so instead of failing to parse.
'use strict'
require('./check-node.cjs')
import('../dist/main.js')
