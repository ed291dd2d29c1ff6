import path from 'node:path'

/** A place where a locked file may be had. */
export interface Place {
  /** As messages name it. */
  label: string
  find(): Promise<string[]>
  /** How it is downloaded from there, where that is no plain GET. */
  download?: Download
}

/** Fetches one file into `partial`, its hash checked on the way, as `downloadFile` does. */
export type Download = (partial: string, onBytes: (count: number) => void) => Promise<void>

/** A place that needs no look-up. */
export function fixed(label: string, url: string): Place {
  return { label, find: () => Promise.resolve([url]) }
}

/** Address of a file in the own store: a URL or a folder, with files by SHA-256. */
export function storeAddress(store: string, hash: string): string {
  return /^https?:/i.test(store) ? `${store.replace(/\/+$/, '')}/${hash}` : path.resolve(store, hash)
}
