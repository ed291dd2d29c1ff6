import type { Build } from '../documents/build.ts'
import type { TagRef } from '../documents/fields.ts'
import { code, table, text } from './markdown.ts'
import { sizeText } from './table.ts'

/** What `build` shows: the artifacts of its worlds, of which nothing is proven yet, and what did not build. */
export function formatBuilds({
  tag,
  builds
}: {
  tag: Pick<TagRef, 'name' | 'commit'>
  builds: readonly Build[]
}): string {
  const rows = builds.flatMap(({ world, targets }) =>
    targets.flatMap(({ name, artifacts, failure }) =>
      failure === undefined
        ? artifacts.map((artifact) => [
            world,
            code(name),
            code(artifact.name),
            sizeText(artifact.size),
            code(artifact.sha256)
          ])
        : [[world, code(name), `❌ ${text(failure.code)}: ${text(failure.message)}`, '', '']]
    )
  )
  const worlds = builds.map(({ world }) => world).join(' and ')
  return [
    `# ${text(tag.name)}: built in world ${worlds}`,
    `Commit ${code(tag.commit)}. Nothing is proven yet: prove compares the worlds, with the originals put back.`,
    `${table(['world', 'target', 'artifact', 'size', 'sha256 as built'], rows)}\n`
  ].join('\n\n')
}
