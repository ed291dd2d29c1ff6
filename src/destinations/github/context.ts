import type { HttpClient } from '../../platform/http.ts'
import type { Log } from '../../platform/log.ts'
import type { GithubApi } from './api.ts'
import type { Asset } from './documents.ts'
import type { AssetFile } from './state.ts'

/** What the parts of this destination are given. */
export interface ReleaseContext {
  api: GithubApi
  http: HttpClient
  log: Log
  tag: string
  commit: string
  version: string
  prerelease: boolean
  /** Tells a draft of ours. */
  marker: string
  files: readonly AssetFile[]
  /** Whether nobody sees the repository without a login; known after preflight. */
  isPrivate: () => boolean
  /** Fetches a published file as users do, once, and compares. @throws TagproofError `readback-missing`, `hash-mismatch` */
  fetchAsUser: (file: AssetFile, assets: readonly Asset[]) => Promise<void>
  signal?: AbortSignal
}
