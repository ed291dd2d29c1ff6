import { packageSuite } from './harness/packages.ts'
import { versionsDisagree } from './versions-disagree.ts'

packageSuite(versionsDisagree)
