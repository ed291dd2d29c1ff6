import { gzipSync } from 'node:zlib'
import {
  paxRecord,
  tarExtension,
  tarFolder,
  tarHardLink,
  tarLink,
  tarMember,
  tarOf
} from '../../../unit/formats/forge.ts'
import {
  blobName,
  descriptorOf,
  digestOf,
  forgeImage,
  indexType,
  layerType,
  layerWith,
  manifestType,
  type ForgedDescriptor
} from '../../../unit/formats/forge-image.ts'
import type { HostileCase } from './hostile-case.ts'

const one = layerWith('etc/one')
/** A layer above one with `etc/one`. */
const above = (...members: Buffer[]): Buffer => forgeImage({ layers: [one, tarOf(...members)] })
const withLayer = (change: (layer: ForgedDescriptor | undefined) => object): Buffer =>
  forgeImage({
    manifest: (manifest) => ({ ...manifest, layers: [change(manifest.layers[0]), manifest.layers[1]] })
  })
const withConfig = (change: object): Buffer => forgeImage({ config: (config) => ({ ...config, ...change }) })
const withManifest = (change: object): Buffer =>
  forgeImage({ manifest: (manifest) => ({ ...manifest, ...change }) })
const withIndex = (change: object): Buffer => forgeImage({ index: (index) => ({ ...index, ...change }) })
const text = (change: (json: string) => string) => (document: object) => change(JSON.stringify(document))
const stray = Buffer.from('stray')
const deep: unknown = JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`)
const device = { 156: '3', 329: '0000000', 337: '0000000' }

const layout: readonly HostileCase[] = [
  ['no oci-layout', forgeImage({ without: [/^oci-layout/] }), 'image ("oci-layout")', /missing/],
  ['another version', forgeImage({ layout: '{"imageLayoutVersion":"2.0.0"}' }), 'oci-layout', /not 1\.0\.0/],
  ['no index', forgeImage({ without: [/^index/] }), 'index.json', /missing/],
  ['a blob that is not there', forgeImage({ without: [new RegExp(blobName(gzipSync(one)))] }), 'blobs/sha256', /blob is missing/],
  ['a blob of another image', forgeImage({ members: [[blobName(stray), stray]] }), blobName(stray), /belongs to no image/],
  ['a blob with other bytes', forgeImage({ members: [[blobName(gzipSync(one)), gzipSync(layerWith('etc/own'), { level: 9 })]] }), blobName(gzipSync(one)), /another (digest|size)/],
  ['a blob under another name', forgeImage({ members: [['blobs/sha256/layer', stray]] }), 'blobs/sha256/layer', /belongs to no layout/],
  ['a blob of another algorithm', forgeImage({ members: [[`blobs/sha512/${'a'.repeat(128)}`, stray]] }), 'sha512', /belongs to no layout/],
  ['a file beside', forgeImage({ members: [['run.sh', stray]] }), 'run.sh', /belongs to no layout/],
  ['a link to a blob', forgeImage({ more: tarLink('blobs/sha256/evil', '/etc/passwd') }), 'blobs/sha256/evil', /files and folders alone/],
  ['a second index.json', forgeImage({ more: tarMember('index.json', '{}') }), 'index.json', /appears twice/],
  ['two images', withIndex({ manifests: [1, 2].map(() => descriptorOf(manifestType, stray)) }), 'index.json', /more than one image/],
  ['no image', withIndex({ manifests: [] }), 'index.json', /no image/]
] // prettier-ignore

const documents: readonly HostileCase[] = [
  ['a key twice in the manifest', forgeImage({ manifest: text((json) => json.replace('"layers":', '"layers":[],"layers":')) }), 'blobs/sha256', /"layers" appears twice/],
  ['a key in another case', forgeImage({ manifest: text((json) => json.replace('"layers":', '"Layers":[],"layers":')) }), 'blobs/sha256', /"Layers" is a known one in another case/],
  ['a key in another case in the configuration', forgeImage({ config: text((json) => json.replace('"rootfs":', '"rootFS":{},"rootfs":')) }), 'blobs/sha256', /"rootFS"/],
  ['a folded key (Kelvin sign)', forgeImage({ config: (config) => ({ ...config, config: { ...config.config, 'Wor\u212aingDir': '/' } }) }), 'blobs/sha256', /another case/],
  ['layers and manifests in one document', withManifest({ manifests: [] }), 'blobs/sha256', /"manifests" is not known/],
  ['a manifest that says it is an index', withManifest({ mediaType: indexType }), 'blobs/sha256', /says it is/],
  ['a subject', withManifest({ subject: descriptorOf(manifestType, stray) }), 'blobs/sha256', /subject/],
  ['an artifact', withManifest({ artifactType: 'application/vnd.example' }), 'blobs/sha256', /artifact/],
  ['schema version 1', withManifest({ schemaVersion: 1 }), 'blobs/sha256', /schema version/],
  ['text behind the manifest', forgeImage({ manifest: text((json) => `${json}{}`) }), 'blobs/sha256', /not JSON/],
  ['a number with a fraction', forgeImage({ manifest: text((json) => json.replace('"schemaVersion":2', '"schemaVersion":2.0')) }), 'blobs/sha256', /no whole number/],
  ['half a character', forgeImage({ config: text((json) => json.replace('/bin/true', '\\ud800')) }), 'blobs/sha256', /half a character/],
  ['a deep document', forgeImage({ config: (config) => ({ ...config, x: deep }) }), 'blobs/sha256', /nested deeper/],
  ['urls of a layer', withLayer((layer) => ({ ...layer, urls: ['http://127.0.0.1/x'] })), 'blobs/sha256', /urls/],
  ['a foreign layer', withLayer((layer) => ({ ...layer, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' })), 'blobs/sha256', /foreign/],
  ['a layer of unknown type', withLayer((layer) => ({ ...layer, mediaType: `${layerType}+encrypted` })), 'blobs/sha256', /unknown media type/],
  ['data in a descriptor', withLayer((layer) => ({ ...layer, data: 'eA==' })), 'blobs/sha256', /data of its own/],
  ['a wrong size', withLayer((layer) => ({ ...layer, size: (layer?.size ?? 0) + 1 })), 'blobs/sha256', /another size/],
  ['a short digest', withLayer((layer) => ({ ...layer, digest: layer?.digest.slice(0, -1) })), 'blobs/sha256', /no SHA-256/],
  ['a diff id of another layer', withConfig({ rootfs: { type: 'layers', diff_ids: [digestOf(one), digestOf(one)] } }), 'layers/1', /another diff id/],
  ['one diff id too few', withConfig({ rootfs: { type: 'layers', diff_ids: [digestOf(one)] } }), 'blobs/sha256', /1 diff ids/],
  ['a history of other layers', withConfig({ history: [{ created_by: 'x' }] }), 'blobs/sha256', /history tells of 1/],
  ['no platform', withConfig({ os: '' }), 'blobs/sha256', /no platform/],
  ['another platform in the index', forgeImage({ index: (index) => ({ ...index, manifests: [{ ...index.manifests[0], platform: { os: 'linux', architecture: 'arm64' } }] }) }), 'blobs/sha256', /disagree on the platform/]
] // prettier-ignore

const layers: readonly HostileCase[] = [
  ['a file through a link of a lower layer', forgeImage({ layers: [tarOf(tarLink('d', '/tmp')), tarOf(tarMember('d/x', 'evil'))] }), 'layers/1/d/x', /link of an earlier layer/],
  ['a file below a file of a lower layer', above(tarMember('etc/one/x', 'evil')), 'layers/1/etc/one/x', /file of an earlier layer/],
  ['a whiteout with content', above(tarMember('etc/.wh.one', 'evil')), 'etc/.wh.one', /has content/],
  ['a whiteout that is a folder', above(tarFolder('etc/.wh.one')), 'etc/.wh.one', /is no file/],
  ['a whiteout of a parent', above(tarMember('etc/.wh...', '')), 'etc/.wh...', /names no file/],
  ['a whiteout of nothing', above(tarMember('etc/.wh.', '')), 'etc/.wh.', /names no file/],
  ['a mark of AUFS', above(tarMember('.wh..wh.plnk', '')), '.wh..wh.plnk', /another whiteout/],
  ['a file below a whiteout', above(tarMember('etc/.wh.d/x', 'evil')), 'etc/.wh.d/x', /folder of the name is a whiteout/],
  ['added and removed', above(tarMember('etc/two', 'evil'), tarMember('etc/.wh.two', '')), 'etc/.wh.two', /adds and removes/],
  ['removed and added', above(tarMember('etc/.wh.one', ''), tarMember('etc/one', 'evil')), 'etc/one', /removes and adds/],
  ['the kernel’s own whiteout', above(tarMember('etc/one', '', device)), 'etc/one', /0:0/],
  ['an attribute of the overlay', above(tarExtension('x', paxRecord('SCHILY.xattr.trusted.overlay.redirect', '/root')), tarFolder('etc')), 'layers/1/etc', /belongs to a file system/],
  ['a duplicate', above(tarMember('x', 'one'), tarMember('x', 'evil')), 'tar entry 1', /appears twice/],
  ['a way out', above(tarMember('../x', 'evil')), 'tar entry 0', /"\.\."/],
  ['an absolute name', above(tarMember('/x', 'evil')), 'tar entry 0', /absolute/],
  ['a hard link to a lower layer', above(tarHardLink('x', 'etc/one')), 'tar entry 0', /no earlier file/],
  ['a hard link out', above(tarHardLink('x', '../../etc/passwd')), 'tar entry 0', /no earlier file/],
  ['a global header', above(tarExtension('g', paxRecord('comment', 'x')), tarMember('x', 'one')), 'layers/1/x', /global pax header/],
  ['two archives in one layer', forgeImage({ layers: [one], packed: [Buffer.concat([gzipSync(one), gzipSync(layerWith('x'))])] }), 'gzip', /second gzip member/]
] // prettier-ignore

export const imageCases = { layout, documents, layers }

/** Odd, and read by all to the tree that we see. */
export const oddImages: readonly [string, Buffer][] = [
  ['Docker’s media types', forgeImage({ manifest: (manifest) => ({ ...manifest, mediaType: 'application/vnd.docker.distribution.manifest.v2+json', config: { ...manifest.config, mediaType: 'application/vnd.docker.container.image.v1+json' }, layers: manifest.layers.map((layer) => ({ ...layer, mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' })) }), index: (index) => ({ ...index, manifests: [{ ...index.manifests[0], mediaType: 'application/vnd.docker.distribution.manifest.v2+json' }] }) })],
  ['a layer that is not packed', forgeImage({ layers: [one], packed: [one], manifest: (manifest) => ({ ...manifest, layers: [{ ...manifest.layers[0], mediaType: 'application/vnd.oci.image.layer.v1.tar' }] }) })],
  ['no history', withConfig({ history: undefined })],
  ['spaces in the manifest', forgeImage({ manifest: (manifest) => JSON.stringify(manifest, null, 3) })],
  ['an unknown key of a builder', withConfig({ 'moby.buildkit.buildinfo.v1': 'x' })],
  ['labels that differ in case', withConfig({ config: { Labels: { a: '1', A: '2' } } })],
  ['the same layer twice', forgeImage({ layers: [one, one] })],
  ['a whiteout of nothing that is there', above(tarFolder('etc'), tarMember('etc/.wh.none', ''))],
  ['an opaque folder', above(tarFolder('etc'), tarMember('etc/.wh..wh..opq', ''), tarMember('etc/new', 'one'))],
  ['a folder in the place of a link', forgeImage({ layers: [tarOf(tarFolder('d'), tarLink('l', 'd')), tarOf(tarFolder('l'), tarMember('l/x', 'one'))] })],
  ['a link in the place of a folder', forgeImage({ layers: [one, tarOf(tarLink('etc', 'usr'))] })],
  ['names that Windows does not know', above(tarFolder('etc'), tarMember('etc/A:b', 'one'), tarMember('etc/a:b', 'one'), tarMember('etc/system-x\\x2d.slice', 'one'), tarMember('C:', 'one'))]
] // prettier-ignore
