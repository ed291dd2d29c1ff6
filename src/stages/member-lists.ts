import path from 'node:path'
import type { Build, BuiltArtifact } from '../documents/build.ts'
import { readArchive } from '../formats/archive.ts'
import { joinInside } from '../platform/files.ts'
import { TagproofError } from '../platform/errors.ts'
import { formatExpectedFiles, type TargetLists } from '../proof/expected-files.ts'
import type { MemberList } from '../proof/lasting-names.ts'
import type { StageContext } from './context.ts'

/** Names of the files and links in an artifact. @throws TagproofError `archive-invalid` */
export async function readMemberList(
  file: string,
  { kind, name }: Pick<BuiltArtifact, 'kind' | 'name'>
): Promise<MemberList & { members: string[] }> {
  const { members } = await readArchive(file, kind)
  const files = members.filter((member) => member.kind !== 'directory')
  return { kind, name, members: files.map((member) => member.path) }
}

/** What world a built, by name. An archive that cannot be read is left out: prove refuses it by itself. */
export async function builtLists(context: StageContext, build: Build): Promise<TargetLists[]> {
  const targets: TargetLists[] = []
  for (const target of build.targets) {
    const folder = path.join(context.out.build(build.world), target.name)
    const lists: MemberList[] = []
    for (const artifact of target.artifacts) {
      const list = await readMemberList(joinInside(folder, artifact.name), artifact).catch(leftOut)
      if (list !== undefined) lists.push(list)
    }
    targets.push({ target: target.name, lists })
  }
  return targets
}

/** The list of expected files that this build would fit, as a text to commit. */
export async function expectedFilesOf(context: StageContext, build: Build): Promise<string> {
  return formatExpectedFiles(await builtLists(context, build))
}

function leftOut(error: unknown): undefined {
  if (error instanceof TagproofError && error.code === 'archive-invalid') return undefined
  throw error
}
