import type { ArchiveKind } from '../../formats/archive.ts'
import { debKind } from './deb.ts'
import { imageKind } from './image.ts'
import type { PackageKind } from './kind.ts'
import { sdistKind, wheelKind } from './python.ts'

/** What the proof knows of each kind of package. */
export const packageKinds: Readonly<Record<ArchiveKind, PackageKind>> = {
  sdist: sdistKind,
  wheel: wheelKind,
  deb: debKind,
  image: imageKind
}
