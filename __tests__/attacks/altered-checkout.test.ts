import { alteredCheckout } from './altered-checkout.ts'
import { attackSuite } from './harness/suite.ts'

attackSuite(alteredCheckout)
