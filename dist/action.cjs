'use strict'
require('./tagproof.cjs').runAction()
