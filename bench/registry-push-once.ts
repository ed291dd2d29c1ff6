/** One push, or one read-back, in a process of its own, so that its memory can be told. */
import { missingOf } from '../src/destinations/destination.ts'
import { registryDestination } from '../src/destinations/registry/destination.ts'
import type { PushedImage } from '../src/destinations/registry/image.ts'
import { createHttpClient } from '../src/platform/http.ts'
import { silentLog } from '../src/platform/log.ts'

const { origin, image, what } = JSON.parse(process.argv[2] ?? '') as {
  origin: string
  image: PushedImage
  what: 'push' | 'read-back'
}
const http = createHttpClient({ environment: {} })
const destination = registryDestination({
  name: 'bench',
  base: new URL(origin),
  images: [image],
  credentials: () => Promise.resolve(null),
  http,
  log: silentLog
})
if (what === 'push') {
  await destination.preflight()
  const missing = missingOf(await destination.state())
  await destination.stage(missing)
  await destination.commit(missing, () => Promise.resolve())
} else await destination.readBack()
await destination.close()
http.close()
