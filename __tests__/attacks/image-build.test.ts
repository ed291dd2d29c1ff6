import type { Report } from './harness/attack.ts'
import { imageOf } from './harness/image-scene.ts'
import { images } from './harness/images.ts'
import { attackSuite } from './harness/suite.ts'
import { imageClasses } from './image-table.ts'

/** Where layers differ, so do the documents that name them by hash. */
const follows = ['config.json', 'manifest.json'].map((member): Report => ({
  check: 'reproduced',
  code: 'content-differs',
  artifact: 'image',
  package: 'victim_image',
  member
}))

attackSuite(
  {
    name: 'image-build',
    rows: '',
    title: 'Images from a Dockerfile',
    caughtBy: '',
    scenes: [imageOf(imageClasses, follows)]
  },
  images
)
