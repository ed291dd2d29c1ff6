import type { ImageClass } from './harness/image-class.ts'
import { imageBomb } from './image-bomb.ts'
import { imageBytecode } from './image-bytecode.ts'
import { imageFixture } from './image-fixture.ts'
import { imageGenerated } from './image-generated.ts'
import { imageRights } from './image-rights.ts'
import { imageStartup } from './image-startup.ts'
import { imageVersion } from './image-version.ts'
import { imageWheel } from './image-wheel.ts'

/** Attacks that one Dockerfile makes together, in the order of the documentation. */
export const imageClasses: readonly ImageClass[] = [
  imageGenerated,
  imageFixture,
  imageBomb,
  imageRights,
  imageBytecode,
  imageWheel,
  imageVersion,
  imageStartup
]
