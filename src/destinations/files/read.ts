import type { HttpClient } from '../../platform/http.ts'
import { hashOfAddress } from '../pypi/bytes.ts'
import { encodeKey } from '../stores/s3/signature.ts'
import type { Store } from '../stores/store.ts'

/** How users see the store. */
export interface FlatReader {
  /** For messages. */
  where: (key: string) => string
  /** Null where nothing is. */
  hash: (key: string, mostBytes: number) => Promise<string | null>
  bytes: (key: string, mostBytes: number) => Promise<Buffer | null>
  close: () => void
}

/** Through the store itself, where no address is known. */
export function storeReader(store: Store): FlatReader {
  return {
    where: (key) => `${store.address} ${key}`,
    hash: async (key) => (await store.hash(key))?.sha256 ?? null,
    bytes: async (key, mostBytes) => (await store.read(key, mostBytes))?.bytes ?? null,
    close: () => undefined
  }
}

/**
 * By the address that users have, over new connections and without any login.
 *
 * @param url with or without a slash at its end
 * @param open a client that nobody else uses
 */
export function publicReader(url: string, open: () => HttpClient, signal?: AbortSignal): FlatReader {
  const http = open()
  const addressOf = (key: string): string => `${url.replace(/\/+$/, '')}/${encodeKey(key)}`
  const signalled = signal === undefined ? {} : { signal }
  return {
    where: addressOf,
    async hash(key, mostBytes) {
      const reader = { headersFor: () => ({}) }
      return (await hashOfAddress(addressOf(key), mostBytes, { http, reader, ...signalled }))?.sha256 ?? null
    },
    async bytes(key, mostBytes) {
      const headers = { 'cache-control': 'no-cache' }
      const answer = await http.read({
        url: addressOf(key),
        headers,
        accept: [404, 410],
        maximumBytes: mostBytes,
        ...signalled
      })
      return answer.status === 200 ? answer.body : null
    },
    close: () => http.close()
  }
}
