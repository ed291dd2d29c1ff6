import { gzipSync } from 'node:zlib'
import { tarFolder, tarHardLink, tarLink, tarMember, tarOf } from '../../unit/formats/forge.ts'
import { forgeImage, layerWith } from '../../unit/formats/forge-image.ts'
import type { Random } from './random.ts'
import { tarMutant } from './tar-mutants.ts'

const names = ['a', 'b', 'd', 'd/a', 'd/b', 'd/e', 'd/e/a', 'l', 'l/a', 'lib', 'lib/a'] as const
const whiteouts = ['.wh.a', '.wh.d', '.wh.l', 'd/.wh.a', 'd/.wh.e', 'd/.wh..wh..opq', '.wh..wh..opq', 'd/e/.wh.a', 'd/e/.wh..wh..opq', '.wh.', '.wh..wh.plnk', 'd/.wh..'] as const // prettier-ignore
const targets = ['a', 'd', '/d', '../a', 'd/e', 'nowhere'] as const

/** Layers of files, folders, links and whiteouts under few names, so that they meet. */
function layers(random: Random): Buffer[] {
  return Array.from({ length: 2 + random.below(2) }, (_, layer) => {
    const entries = Array.from({ length: 1 + random.below(4) }, () => entry(random, layer))
    return tarOf(...entries)
  })
}

function entry(random: Random, layer: number): Buffer {
  const name = random.pick(names)
  const chance = random.below(12)
  if (layer > 0 && chance < 4) return tarMember(random.pick(whiteouts), random.chance(0.05) ? 'x' : '')
  if (chance < 7) return tarFolder(name)
  if (chance === 7) return tarLink(name, random.pick(targets))
  if (chance === 8) return tarHardLink(name, random.pick(names))
  return tarMember(name, `${name} ${layer}\n`)
}

const keys = ['schemaVersion', 'mediaType', 'config', 'layers', 'digest', 'size', 'manifests', 'rootfs', 'diff_ids', 'type', 'history', 'architecture', 'os', 'Labels', 'Cmd'] as const // prettier-ignore
const values = ['null', '2', '1', '"x"', '[]', '{}', '""', '2.0', '1e3', '-1', 'true', '"sha256:00"', '"\\ud800"', '"linux"', '"application/vnd.oci.image.index.v1+json"', '"application/vnd.docker.distribution.manifest.v2+json"', '"application/vnd.oci.image.layer.v1.tar"'] as const // prettier-ignore

/** Changes the text of a document at one place. */
function changed(document: object, random: Random): string {
  const text = JSON.stringify(document)
  const key = random.pick(keys)
  const at = text.indexOf(`"${key}":`)
  if (at < 0) return text.replace(/\{/, `{"${key}":${random.pick(values)},`)
  switch (random.below(6)) {
    case 0:
      return `${text.slice(0, at)}"${key}":${random.pick(values)},${text.slice(at)}`
    case 1:
      return text.replace(`"${key}":`, `"${key.toUpperCase()}":`)
    case 2:
      return text.replace(new RegExp(`"${key}":("[^"]*"|[0-9]+)`), `"${key}":${random.pick(values)}`)
    case 3:
      return text.replace(`"${key}":`, `"${key}":${random.pick(values)},"${key.toUpperCase()}":`)
    case 4:
      return ` ${text.replaceAll(',', ', ')}\n`
    default:
      return text + random.pick([' ', '\n', '{}', 'x', '\0'])
  }
}

/** One mutant of an image: of its layers, of a document with the digests above it made right again, or of the bytes. */
export function imageMutant(random: Random): Buffer {
  const kind = random.below(8)
  if (kind < 4) return forgeImage({ layers: layers(random) })
  if (kind === 4) {
    const { packing, bytes } = tarMutant(random)
    return forgeImage(
      packing === 't' ? { layers: [layerWith('a'), bytes] } : { layers: [bytes], packed: [bytes] }
    )
  }
  if (kind < 7) {
    const change = (document: object): string => changed(document, random)
    return forgeImage({ [random.pick(['config', 'manifest', 'index'] as const)]: change })
  }
  const bytes = Buffer.from(
    forgeImage({
      packed: [gzipSync(layerWith('a'), { level: random.below(9) }), gzipSync(layerWith('etc/two'))]
    })
  )
  const at = random.below(bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
  return random.chance(0.2) ? bytes.subarray(0, at) : bytes
}
