import { entryOfAltered, type AlteredAttack } from './harness/altered.ts'
import type { Attack } from './harness/attack.ts'
import { entryOf, type ImageClass } from './harness/image-class.ts'
import { imageNetwork, type FetchedImage } from './image-network.ts'
import { imageLayers } from './image-layers.ts'
import { imageSettings } from './image-settings.ts'
import { imageTricks } from './image-tricks.ts'
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

/** Attacks on two images that are built already. */
export const alteredAttacks: readonly AlteredAttack[] = [imageSettings, imageLayers, imageTricks]

/** For the table. */
export const imageAttacks: readonly Attack[] = [
  ...imageClasses.map(entryOf),
  ...alteredAttacks.map(entryOfAltered),
  network()
]

/** What fails in the build is told with the finding that there would be if it had not. */
function network(): Attack {
  const { images, ...entry } = imageNetwork
  const variants = images.map(({ name, how, reported }: FetchedImage) => ({
    name,
    how,
    reported: reported.map((report) => ({ ...report, package: `victim_${name}` }))
  }))
  return { ...entry, scenes: [{ name: entry.name, files: {}, variants }] }
}
