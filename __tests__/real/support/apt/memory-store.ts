import { readFile } from 'node:fs/promises'
import type { Store, StoreBody } from '../../../../src/destinations/stores/store.ts'
import { sha256OfBytes } from '../../../../src/platform/files.ts'

/** A store that many may open, and whose every write can be held or broken. */
export interface Memory {
  files: Map<string, Buffer>
  /** Keys in the order in which they were written. */
  written: string[]
  /** One that looks at the same files. `onWrite` is awaited before each write, and may throw. */
  open: (onWrite?: (key: string) => Promise<void> | void) => Store
}

export function memory(): Memory {
  const files = new Map<string, Buffer>()
  const written: string[] = []
  const bytesOf = async (body: StoreBody): Promise<Buffer> =>
    'bytes' in body ? body.bytes : readFile(body.file)
  const hashOf = (key: string): ReturnType<Store['hash']> => {
    const bytes = files.get(key)
    if (bytes === undefined) return Promise.resolve(null)
    const sha256 = sha256OfBytes(bytes)
    return Promise.resolve({ size: bytes.length, sha256, version: sha256 })
  }

  function open(onWrite: (key: string) => Promise<void> | void = () => undefined): Store {
    const put = async (key: string, body: StoreBody, version: string | null): Promise<string | null> => {
      const bytes = await bytesOf(body)
      await onWrite(key)
      // From here on in one turn: nobody comes between.
      const there = files.get(key)
      if ((there === undefined ? null : sha256OfBytes(there)) !== version) return null
      files.set(key, bytes)
      written.push(key)
      return sha256OfBytes(bytes)
    }
    return {
      address: 'memory',
      gathers: false,
      preflight: () => Promise.resolve(),
      read: (key) => {
        const bytes = files.get(key)
        return Promise.resolve(bytes === undefined ? null : { bytes, version: sha256OfBytes(bytes) })
      },
      hash: hashOf,
      fetch: () => Promise.reject(new Error('not needed here')),
      async *list() {
        yield* await Promise.resolve(files.keys())
      },
      create: async (key, body) => ((await put(key, body, null)) === null ? 'exists' : 'created'),
      replace: put,
      remove: () => Promise.reject(new Error('nothing is ever deleted')),
      hold: () => Promise.resolve(),
      flush: () => Promise.resolve('done'),
      close: () => Promise.resolve()
    }
  }
  return { files, written, open }
}
