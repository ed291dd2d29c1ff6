import path from 'node:path'
import { withTemporaryFolder } from '../platform/files.ts'
import { writeExportWithout } from '../source/export-seen.ts'
import type { BuildRoom, TargetBuild } from './build-target.ts'

/**
 * Gives a build the export without the git inputs that its target does not see: an sdist that takes all it finds would
 * take them too. One that sees all of them is given the export itself.
 */
export async function withSeenExport<T>(
  { plan }: Pick<BuildRoom, 'plan'>,
  build: TargetBuild,
  use: (build: TargetBuild) => Promise<T>
): Promise<T> {
  const hidden = (plan.git ?? []).flatMap(({ name }) =>
    build.target.git?.includes(name) === true ? [] : [name]
  )
  if (hidden.length === 0) return use(build)
  return withTemporaryFolder('tagproof-seen', async (folder) => {
    const exportTar = path.join(folder, 'export.tar')
    await writeExportWithout(build.exportTar, hidden, exportTar)
    return use({ ...build, exportTar })
  })
}
