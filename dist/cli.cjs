#!/usr/bin/env node
'use strict'
const { homedir } = require('node:os')
const { join } = require('node:path')
const cache = process.env.TAGPROOF_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tagproof')
require('node:module').enableCompileCache?.(join(cache, 'compiled'))
require('./tagproof.cjs')
  .runCommand(process.argv.slice(2))
  .then(
    (status) => {
      process.exitCode = status
    },
    (error) => {
      console.error(error)
      process.exitCode = 4
    }
  )
