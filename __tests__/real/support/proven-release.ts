import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Proof } from '../../../src/documents/proof.ts'
import { writeDocument } from '../../../src/documents/reading.ts'
import { silentLog, type Log } from '../../../src/platform/log.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { briefWithout } from '../../../src/proof/brief.ts'
import { openRepository } from '../../../src/source/repository.ts'
import { resolveTag } from '../../../src/source/tag.ts'
import { stageContext, type StageContext } from '../../../src/stages/context.ts'
import type { Credentials } from '../../../src/stages/publish-destinations.ts'
import { record } from '../../../src/stages/record.ts'
import { writeUploads } from '../../../src/stages/uploads.ts'
import { makeProject, type GitProject } from '../source/git-project.ts'
import { makeTinyRelease, type TinyOptions, type TinyRelease } from './pypi/tiny-release.ts'
import { testCache } from './root.ts'

/** A tagged project, and the folder that prove and record would have left for its publication. */
export interface ProvenRelease {
  project: GitProject
  tiny: TinyRelease
  context: StageContext
  /** Writes proof and record again, with these changes. */
  prove: (changes?: Partial<Proof>) => Promise<void>
  remove: () => Promise<void>
}

/** Nobody hands anything over, and no workflow vouches for anybody. */
export const noCredentials: Credentials = {
  given: new Map(),
  nameOf: (name) => `The test's ${name}`,
  identityToken: () => Promise.reject(new Error('an identity token was asked for')),
  onSecret: () => undefined,
  environment: {}
}

/** @param config `.github/tagproof.yml` of the tag; the version is that of the tiny release */
export async function makeProvenRelease(
  config: string,
  options: TinyOptions = {},
  log: Log = silentLog
): Promise<ProvenRelease> {
  const tiny = await makeTinyRelease(options)
  const project = await makeProject({ 'pyproject.toml': '[project]\n', '.github/tagproof.yml': config })
  const name = `v${tiny.version}`
  await project.git('tag', '-a', '-m', name, name)
  const out = await mkdtemp(path.join(tmpdir(), 'tagproof-out-'))
  const context = stageContext({ repository: project.folder, out, cache: testCache, log })
  await cp(tiny.folder, context.out.packages, { recursive: true })
  const prove = (changes: Partial<Proof> = {}): Promise<void> => writeDocuments(context, tiny, name, changes)
  await prove()
  return {
    project,
    tiny,
    context,
    prove,
    remove: async () => {
      await tiny.remove()
      await project.remove()
      await rm(out, { recursive: true, force: true })
    }
  }
}

async function writeDocuments(
  context: StageContext,
  tiny: TinyRelease,
  name: string,
  changes: Partial<Proof>
): Promise<void> {
  const repository = await openRepository(context.repository)
  const tag = await resolveTag(repository, name).finally(() => repository.close())
  const brief = await writeDocument('brief', context.out.brief, briefWithout(tag, 'none known'))
  const proof: Proof = {
    schema: 'tagproof/proof/1',
    tag,
    version: tiny.version,
    verdict: 'proven',
    findings: [],
    artifacts: [...tiny.artifacts],
    variations: [],
    trust: { config: 'tag', lock: 'tag', singleJob: false },
    plan: sha256OfBytes('plan'),
    brief,
    uploads: await writeUploads(context, [{ files: [...tiny.uploads], images: [], debs: [] }]),
    tools: [],
    ...changes
  }
  await writeDocument('proof', context.out.proof, proof)
  await record({ ...context, log: silentLog })
}
