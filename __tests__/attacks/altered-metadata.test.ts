import { attackSuite } from './harness/suite.ts'
import { alteredMetadata } from './altered-metadata.ts'

attackSuite(alteredMetadata)
