import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { Destination } from '../../destinations/destination.ts'
import { githubDestination, type ReleaseFile } from '../../destinations/github/destination.ts'
import type { Route } from '../../destinations/routing.ts'
import { TagproofError } from '../../platform/errors.ts'
import { hashFile, joinInside } from '../../platform/files.ts'
import { originOf } from '../../source/remote.ts'
import { openRepository } from '../../source/repository.ts'
import { signalOf, type StageContext } from '../context.ts'
import type { OpenRequest } from './opening.ts'

type GithubRoute = Extract<Route, { kind: 'github' }>

/** @throws TagproofError `usage` without a repository; of `githubDestination` */
export async function openGithub(
  context: StageContext,
  { name, settings, artifacts }: GithubRoute,
  { release, credentials, own, http, files }: OpenRequest
): Promise<Destination> {
  const { environment } = credentials
  const packages: ReleaseFile[] = artifacts.map((artifact) => ({
    name: artifact.name,
    size: artifact.size,
    sha256: artifact.sha256,
    file: joinInside(context.out.packages, artifact.name),
    evidence: false
  }))
  const api = settings.api ?? ((environment.GITHUB_API_URL ?? '') || 'https://api.github.com')
  return githubDestination({
    name,
    api,
    repository: settings.repository ?? (await repositoryOf(context, name, environment)),
    token: own.get('github-token') ?? null,
    tokenName: credentials.nameOf('github-token'),
    tag: release.tag,
    commit: release.commit,
    version: release.version ?? release.tag,
    files: [...packages, ...(settings.evidence ? await evidenceOf(context, packages) : [])],
    notes: settings.notes === null ? null : (files.get(settings.notes)?.toString('utf8') ?? null),
    draft: settings.draft,
    http,
    log: context.log,
    now: Date.now,
    ...signalOf(context)
  })
}

/** That of the run; in a terminal that of the clone. */
async function repositoryOf(
  context: StageContext,
  name: string,
  { GITHUB_REPOSITORY: ofRun = '' }: NodeJS.ProcessEnv
): Promise<string> {
  if (ofRun !== '') return ofRun
  const repository = await openRepository(context.repository)
  const origin = await originOf(repository.places).finally(() => repository.close())
  if (origin !== null) return `${origin.owner}/${origin.name}`
  throw new TagproofError('usage', `The destination ${name} does not say which repository it is of.`, {
    found: 'no GITHUB_REPOSITORY, and a clone without an origin on a code host',
    expected: 'OWNER/NAME',
    fix: 'Add repository: to the destination in .github/tagproof.yml.'
  })
}

/** What lets anybody check the files: the record, the proof, and where each member comes from. */
async function evidenceOf({ out }: StageContext, packages: readonly ReleaseFile[]): Promise<ReleaseFile[]> {
  const origins = packages.map(({ name }) => ({
    name: `${name}.origins.jsonl`,
    file: joinInside(out.origins, `${name}.jsonl`)
  }))
  const named = [out.sums, out.release, out.proof, out.summary].map((file) => ({
    name: path.basename(file),
    file
  }))
  const found: ReleaseFile[] = []
  for (const { name, file } of [...named, ...origins]) {
    const size = (await stat(file).catch(() => null))?.size ?? 0
    if (size === 0) continue
    found.push({ name, file, evidence: true, ...(await hashFile(file)) })
  }
  return found
}
