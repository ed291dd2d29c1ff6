import type { Finding } from '../../../documents/proof.ts'
import type { InstalledFile } from '../../../documents/target-settings.ts'
import { merged } from '../dependencies/rules.ts'
import type { TraceContext, TracedMember } from '../generator.ts'
import { installedPlace } from '../installed.ts'
import type { Placement } from '../placement.ts'
import { refusal } from '../policy.ts'
import type { TreeIndex } from '../tree.ts'

/**
 * Whether a file of the tag lies in an assembled image where `files:` says: no Dockerfile has moved it, so nothing else
 * explains another place.
 */
export async function assembledFinding(
  member: TracedMember,
  { from }: Placement,
  { artifact, target }: TraceContext,
  tree: TreeIndex
): Promise<Finding | undefined> {
  const place = installedPlace(member.path, artifact.kind)
  if (target?.image?.mode !== 'assemble' || place === undefined || from === null) return undefined
  for (const file of target.image.assemble.files)
    for (const source of sourcesOf(place.path, file)) {
      const led = tree.resolve(source) ?? source
      for (const id of [tree.file(source)?.id, tree.file(led)?.id])
        if (id !== undefined && (await tree.sha256([id])).get(id) === member.sha256) return undefined
    }
  return refusal(artifact.name, member.path, {
    code: 'file-misplaced',
    message: `The member is ${JSON.stringify(from)} of the tag, and \`files:\` of the target puts no such file there.`,
    cause:
      'The image was changed once it was put together, or files of the tree were given to the world in another order.',
    fix: 'Build the image again; where the file is meant, say so under `files:` of the target.'
  })
}

/** Paths of the tree that would be installed at a path. Folders above may be links of the base (`lib -> usr/lib`). */
function sourcesOf(installed: string, { from, to }: InstalledFile): string[] {
  const place = to.slice(1)
  const name = place.slice(place.lastIndexOf('/') + 1)
  const below = [place, merged(place)].flatMap((folder) => belowOf(installed, folder) ?? [])
  const linked = installed
    .split('/')
    .flatMap((part, at, parts) => (part === name ? [parts.slice(at + 1).join('/')] : []))
  const prefix = from === '.' ? '' : `${from}/`
  return (below.length > 0 ? below : linked).map((rest) => (rest === '' ? from : prefix + rest))
}

function belowOf(installed: string, folder: string): string | undefined {
  if (installed === folder) return ''
  return installed.startsWith(`${folder}/`) ? installed.slice(folder.length + 1) : undefined
}
