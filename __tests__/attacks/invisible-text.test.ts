import { attackSuite } from './harness/suite.ts'
import { invisibleText } from './invisible-text.ts'

attackSuite(invisibleText)
