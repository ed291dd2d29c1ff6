import path from 'node:path'
import { z } from 'zod'
import type { PlatformImage } from '../../formats/oci/image.ts'
import { sha256OfBytes, withTemporaryFolder } from '../../platform/files.ts'
import type { TryInstall } from '../try-request.ts'
import { unpackImage } from './unpack.ts'

/** What of an image's configuration starts it (image-spec, config.md). */
const startField = z.looseObject({
  config: z
    .looseObject({
      Env: z.array(z.string()).nullish(),
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish()
    })
    .nullish()
})

/** Variables that the world sets by itself, or that would change how everything in it is started. */
const notTaken = /^(LD_|HOME=|USER=|TMPDIR=)/

/** Unpacks the image, and starts it as its entry point says, with `--help`. */
export const tryImage: TryInstall = async ({ artifacts, place: { rootLock } }, use) => {
  for (const { artifact, file } of artifacts)
    await withTemporaryFolder('tagproof-try-image', async (folder) => {
      const root = path.join(folder, 'root')
      const platform = await unpackImage(file, root, platformOf(rootLock.architecture))
      const { entrypoint, environment } = startOf(platform)
      await use({
        artifact,
        place: 'its own file system',
        root: { path: root, hash: sha256OfBytes(artifact.sha256), python: null },
        binds: [],
        environment,
        commands: entrypoint.length === 0 ? [] : [[...entrypoint, '--help']]
      })
    })
}

function platformOf(architecture: string): string {
  return `linux/${architecture}`
}

function startOf({ configBytes }: PlatformImage): {
  entrypoint: string[]
  environment: Record<string, string>
} {
  const { config } = startField.parse(JSON.parse(configBytes.toString('utf8')))
  const variables = (config?.Env ?? []).filter((line) => line.includes('=') && !notTaken.test(line))
  return {
    entrypoint: config?.Entrypoint ?? config?.Cmd?.slice(0, 1) ?? [],
    environment: Object.fromEntries(
      variables.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
    )
  }
}
