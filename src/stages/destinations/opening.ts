import type { Release } from '../../documents/release.ts'
import type { Uploads } from '../../documents/uploads.ts'
import type { HttpClient } from '../../platform/http.ts'
import type { FilesOfTag } from '../destinations-of-tree.ts'
import type { CredentialName } from '../../platform/secrets.ts'

/** What a publication is handed besides its documents: the only credentials of a release. */
export interface Credentials {
  /** By the name of their input; only those that were given. */
  given: ReadonlyMap<CredentialName, string>
  /** How one is handed over here, for messages: `The input pypi-token`. */
  nameOf: (name: CredentialName) => string
  /** An identity token of the workflow for an audience. @throws TagproofError where there is none to be had */
  identityToken: (http: HttpClient, audience: string) => Promise<string>
  onSecret: (value: string) => void
  environment: NodeJS.ProcessEnv
}

/** What every kind of destination is opened with. */
export interface OpenRequest {
  release: Pick<Release, 'artifacts' | 'tag' | 'version' | 'commit' | 'epoch' | 'proof'>
  uploads: Uploads
  credentials: Credentials
  /** The credentials that this destination was given, by the name of their input. */
  own: ReadonlyMap<CredentialName, string>
  http: HttpClient
  /** Those of the tagged tree that destinations name. */
  files: FilesOfTag
}
