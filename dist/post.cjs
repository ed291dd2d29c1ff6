'use strict'
require('./tagproof.cjs').runPost()
