import type { Receiver } from '../documents/handover.ts'
import type { World } from '../documents/identifiers.ts'

/** What a stage hands over, and to whom. */
export interface Parcel {
  for: Receiver
  /** Part of the artifact's name: `plan-build-a`. */
  label: string
  /** Files and folders below `--out`; what is not there is left out. */
  paths: readonly string[]
}

const planned = ['plan.json', 'tagproof.lock']
const proven = [
  'proof.json',
  'uploads.json',
  'brief.json',
  'try.json',
  'release.json',
  'SHA256SUMS',
  'summary.md',
  'origins',
  'packages'
]

/** Each world's own export and no other: the machine of world b never holds an original. */
export const planParcels: readonly Parcel[] = [
  { for: 'build-a', label: 'plan-build-a', paths: [...planned, 'exports/export-a.tar'] },
  {
    for: 'build-b',
    label: 'plan-build-b',
    paths: [...planned, 'exports/export-b.tar', 'exports/forms-b.tar']
  },
  { for: 'prove', label: 'plan-prove', paths: planned }
]

export function buildParcel(worlds: readonly World[]): Parcel {
  const folders = worlds.map((world) => `build-${world}`)
  // The builds that a release is compared with are made in the calm of world a.
  const compared = worlds.includes('a') ? ['complete'] : []
  return { for: 'prove', label: `build-${worlds.join('')}`, paths: [...folders, ...compared] }
}

export const proveParcel: Parcel = { for: 'publish', label: 'prove', paths: [...planned, ...proven] }

/** Whether a path lies in a parcel: nothing else is taken out of one. */
export function belongsTo({ paths }: Parcel, name: string): boolean {
  return paths.some((path) => name === path || name.startsWith(`${path}/`))
}
