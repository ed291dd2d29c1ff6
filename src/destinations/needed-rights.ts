import type { DestinationSettings } from '../documents/destination-settings.ts'

/** What the job that publishes has to be allowed for a destination, beside what every such job has. */
export interface NeededRight {
  /** Name of the destination. */
  destination: string
  permission: 'contents' | 'packages' | 'id-token'
  /** What it is for, as the comment of a line of permissions. */
  why: string
}

/** The registry of the code host, which knows the token of a workflow. */
export const hostRegistry = 'ghcr.io'

/**
 * The permissions of a workflow's job that the destinations need. Pure.
 *
 * @returns `write` each, in the order of the destinations
 */
export function neededRights(destinations: readonly DestinationSettings[]): NeededRight[] {
  return destinations.flatMap((settings): NeededRight[] => {
    const { kind, name: destination } = settings
    switch (kind) {
      case 'pypi':
        return [{ destination, permission: 'id-token', why: 'the package index trusts the workflow' }]
      case 'registry':
        return settings.image.startsWith(`${hostRegistry}/`)
          ? [{ destination, permission: 'packages', why: 'push the image' }]
          : []
      case 'github':
        return [{ destination, permission: 'contents', why: 'make the release on GitHub' }]
      case 'apt':
      case 'files': {
        const { store } = settings
        if (store.kind === 'git' && store.remote === null)
          return [{ destination, permission: 'contents', why: `push to the branch ${store.branch}` }]
        return store.kind === 's3' && store.role !== null
          ? [{ destination, permission: 'id-token', why: 'the role of the bucket trusts the workflow' }]
          : []
      }
      case 'directory':
        return []
    }
  })
}
