import { DefaultArtifactClient } from '@actions/artifact'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'

/** What the engine asks for: see service-store.ts. */
export type ArtifactRequest =
  { do: 'put'; file: string } | { do: 'list' } | { do: 'get'; id: number; folder: string }

export interface ListedArtifact {
  id: number
  name: string
  size: number
  /** `sha256:` and hex, as the service says. */
  digest: string | null
}

/** `error` holds the client's own words. */
export type ArtifactAnswer = { error: string } | { artifacts: ListedArtifact[] }

/**
 * A program of its own, dist/artifacts.cjs: GitHub's artifact client with the many packages under it. The engine, which
 * may hold credentials, never loads them. Prints what the client prints, which may hold signed addresses.
 *
 * @param argv the request as JSON, and the file that the answer is written to
 */
export async function main([request = '', answerFile = '']: readonly string[]): Promise<void> {
  const answer = await serve(JSON.parse(request) as ArtifactRequest).catch(
    (error: unknown): ArtifactAnswer => ({ error: error instanceof Error ? error.message : String(error) })
  )
  await writeFile(answerFile, JSON.stringify(answer))
}

async function serve(request: ArtifactRequest): Promise<ArtifactAnswer> {
  const client = new DefaultArtifactClient()
  switch (request.do) {
    case 'put':
      // One file as it is: the digest of the artifact is the SHA-256 of the file, its name that of the file.
      await client.uploadArtifact(path.basename(request.file), [request.file], path.dirname(request.file), {
        skipArchive: true
      })
      return { artifacts: [] }
    case 'list': {
      const { artifacts } = await client.listArtifacts()
      return {
        artifacts: artifacts.map(({ id, name, size, digest }) => ({ id, name, size, digest: digest ?? null }))
      }
    }
    case 'get':
      await client.downloadArtifact(request.id, { path: request.folder, skipDecompress: true })
      return { artifacts: [] }
  }
}
