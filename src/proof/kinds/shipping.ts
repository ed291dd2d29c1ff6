import { copyFile } from 'node:fs/promises'
import type { Sha256 } from '../../documents/identifiers.ts'
import type { Finding } from '../../documents/proof.ts'
import { hashFile } from '../../platform/files.ts'
import type { ShipRequest, Shipment } from './kind.ts'

/** Ships world a's file as it is, which stands for both worlds'. */
export async function shipAsBuilt(
  { a, shipped, archives }: ShipRequest,
  findings: Finding[] = []
): Promise<Shipment> {
  await copyFile(a, shipped)
  const { sha256, size } = await hashFile(shipped)
  const built = { a: sha256, b: sha256 }
  return { shipped: { sha256, size, packing: 'backend', built, archive: archives.a }, findings }
}

/** Which fields differ is told; their values are not, or the proof would hold the time of the build. */
export function repackedNote(artifact: string, fields: readonly string[]): Finding {
  return {
    ...about(artifact, 'repacked', 'note'),
    message: `The content is the same in both worlds; the packing of the backend is not, or cannot be compared (${listed(fields)}), so the canonical form is shipped.`
  }
}

const streamsAgree =
  'With the originals put back, control.tar and data.tar of world b are those of world a, bit for bit'

/** World a's own file is shipped, though world b's cannot be the same bytes. */
export function packedByA(artifact: string): Finding {
  return {
    ...about(artifact, 'packed-by-a', 'note'),
    message: `${streamsAgree}. World a's file is shipped as dpkg-deb packed it; there was no root to pack them again.`
  }
}

/** World b's archives, originals put back, come to world a's file when they are packed. */
export function packedAgain(artifact: string): Finding {
  return {
    ...about(artifact, 'packed-again', 'note'),
    message: `${streamsAgree}, and dpkg-deb of the locked root packs them to world a's file.`
  }
}

/** The members agree, and the archive that holds them does not; nothing is packed again. */
export function containerFinding(artifact: string, fields: readonly string[], told: ContainerTold): Finding {
  return {
    ...about(artifact, 'container-differs', 'refuse'),
    message: `The members agree, and what holds them differs between the worlds: ${listed(fields)}.`,
    ...told
  }
}

export type ContainerTold = Pick<Finding, 'cause' | 'fix'>

/** Two forms of one content that should be the same. */
export function packingFinding(artifact: string, built: { a: Sha256; b: Sha256 }): Finding {
  return {
    ...about(artifact, 'packing-differs', 'refuse'),
    message: `The members agree, and what is packed of them does not: world a ${built.a}, world b ${built.b}.`,
    cause: 'A fault of Tagproof.',
    fix: 'Report it with both artifacts (build-a, build-b).'
  }
}

export function about(
  artifact: string,
  code: string,
  severity: Finding['severity']
): Omit<Finding, 'message'> {
  return { check: 'reproduced', code, severity, artifact, member: null, cause: null, fix: null, waiver: null }
}

const mostListed = 20

/** An image of many layers has more fields than anybody reads. */
function listed(fields: readonly string[]): string {
  const more = fields.length - mostListed
  return [...fields.slice(0, mostListed), ...(more > 0 ? [`${more} more`] : [])].join(', ')
}
