import { createHash } from 'node:crypto'
import { jsonPage, Refusal, type Page } from './refusal.ts'
import { normalise, releaseKey, type IndexState, type StoredFile } from './state.ts'

const simpleJson = 'application/vnd.pypi.simple.v1+json'
const simpleHtml = 'application/vnd.pypi.simple.v1+html'
const integrityJson = 'application/vnd.pypi.integrity.v1+json'

/** Asked by whom, and for what: pages name their files by the address that they were asked at. */
export interface Asked {
  /** `http://127.0.0.1:1234` */
  origin: string
  accept: string
}

/** What is read at a path: the simple index, the JSON of a release, provenance, files. @throws Refusal 404 and others */
export function page(state: IndexState, path: string, asked: Asked): Page {
  const [, first, second = '', third = '', fourth = '', fifth = ''] = path.split('/').map(decodeURIComponent)
  if (first === 'simple' && third === '') return simplePage(state, path, second, asked)
  if (first === 'pypi' && fourth === 'json') return releasePage(state, second, third, asked.origin)
  if (first === 'integrity' && fifth === 'provenance') return provenancePage(state, fourth, asked.accept)
  if (first === 'packages') return filePage(state, path)
  throw new Refusal(404, 'Not Found')
}

/** `provenance`, `core-metadata` and the rest of PEP 691, 700, 714, 740 and 792. */
function simplePage(state: IndexState, path: string, name: string, { origin, accept }: Asked): Page {
  const key = normalise(name)
  const project = state.projects.get(key)
  if (project === undefined) throw new Refusal(404, 'Not Found')
  if (name !== key || !path.endsWith('/')) throw new Refusal(301, 'Moved', { location: `/simple/${key}/` })
  const shown = filesOf(state, key).filter(({ hidden }) => passed(hidden, 'simple'))
  const files = project.status === 'quarantined' ? [] : shown
  const headers = { 'x-pypi-last-serial': String(state.serial), 'cache-control': 'max-age=600, public' }
  const type = [...accept.matchAll(/application\/vnd\.pypi\.simple\.v1\+json|text\/html|\*\/\*/g)][0]?.[0]
  if (type !== simpleJson) {
    const html = `<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.4"><title>Links for ${key}</title></head><body>${files.map((file) => anchor(state, file, origin)).join('')}</body></html>`
    const contentType = accept.includes(simpleHtml) ? simpleHtml : 'text/html'
    return { status: 200, headers: { ...headers, 'content-type': contentType }, body: Buffer.from(html) }
  }
  const body = {
    meta: { 'api-version': '1.4', '_last-serial': state.serial },
    name: key,
    'project-status': { status: project.status },
    versions: [...new Set(files.map(({ version }) => version))].sort(),
    files: files.map((file) => simpleFile(state, file, origin))
  }
  const answer = jsonPage(body, 200, simpleJson)
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

function simpleFile(state: IndexState, file: StoredFile, origin: string): object {
  const metadata = metadataHash(state, file)
  return {
    filename: file.name,
    url: `${origin}${filePath(file)}`,
    hashes: { sha256: shownHash(state, file) },
    'requires-python': file.fields.find(([name]) => name === 'requires_python')?.[1] ?? null,
    size: file.bytes.length,
    'upload-time': new Date(file.uploaded).toISOString(),
    yanked: false,
    'data-dist-info-metadata': metadata,
    'core-metadata': metadata,
    provenance: file.provenance === null ? null : `${origin}${provenancePath(file)}`
  }
}

function anchor(state: IndexState, file: StoredFile, origin: string): string {
  const metadata = metadataHash(state, file)
  const shown = metadata === false ? '' : ` data-core-metadata="sha256=${metadata.sha256}"`
  const provenance = file.provenance === null ? '' : ` data-provenance="${origin}${provenancePath(file)}"`
  return `<a href="${origin}${filePath(file)}#sha256=${shownHash(state, file)}"${shown}${provenance}>${file.name}</a><br />`
}

function releasePage(state: IndexState, name: string, version: string, origin: string): Page {
  const key = normalise(name)
  const project = state.projects.get(key)
  const release = project?.releases.get(releaseKey(version) ?? version)
  if (project === undefined || release === undefined || project.status === 'quarantined')
    throw new Refusal(404, 'Not Found')
  const files = filesOf(state, key).filter(
    (file) => releaseKey(file.version) === releaseKey(version) && passed(file.hidden, 'json')
  )
  return jsonPage({
    info: { name: project.name, version: release.version, yanked: false },
    urls: files.map((file) => ({
      filename: file.name,
      packagetype: file.filetype,
      digests: {
        md5: file.md5,
        sha256: shownHash(state, file),
        blake2b_256: file.blake2b256
      },
      'core-metadata': metadataHash(state, file),
      size: file.bytes.length,
      upload_time_iso_8601: new Date(file.uploaded).toISOString(),
      url: `${origin}${filePath(file)}`,
      yanked: false
    })),
    last_serial: state.serial
  })
}

function provenancePage(state: IndexState, filename: string, accept: string): Page {
  if (accept !== '' && !/application\/(vnd\.pypi\.integrity\.v1\+)?json|\*\/\*/.test(accept))
    throw new Refusal(406, 'Request not acceptable')
  const file = state.files.get(filename)
  if (file === undefined) throw new Refusal(404, 'Not Found')
  if (file.provenance === null || !passed(file.hidden, 'provenance'))
    return jsonPage({ message: `No provenance available for ${filename}` }, 404)
  return jsonPage(file.provenance, 200, integrityJson)
}

function filePage(state: IndexState, path: string): Page {
  const metadata = path.endsWith('.metadata')
  const wanted = metadata ? path.slice(0, -'.metadata'.length) : path
  const file = [...state.files.values()].find((each) => filePath(each) === wanted)
  const lie = state.lies.get(file?.name ?? '')
  const body = metadata ? (lie?.metadata ?? file?.metadata) : (lie?.bytes ?? file?.bytes)
  if (body === undefined || body === null) throw new Refusal(404, 'Not Found')
  return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body }
}

/** Where a file lies for ever: by its BLAKE2b. */
export function filePath({ blake2b256: hash, name }: Pick<StoredFile, 'blake2b256' | 'name'>): string {
  return `/packages/${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash.slice(4)}/${encodeURIComponent(name)}`
}

function provenancePath({ project, version, name }: StoredFile): string {
  return `/integrity/${project}/${version}/${encodeURIComponent(name)}/provenance`
}

function filesOf(state: IndexState, project: string): StoredFile[] {
  const files = [...state.files.values()].filter((file) => file.project === project)
  return files.sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** A cache is late: the first reads of a page do not show a file yet. */
function passed(hidden: StoredFile['hidden'], what: keyof StoredFile['hidden']): boolean {
  if (hidden[what] === 0) return true
  hidden[what] -= 1
  return false
}

function shownHash(state: IndexState, file: StoredFile): string {
  return state.lies.get(file.name)?.sha256 ?? file.sha256
}

function metadataHash(state: IndexState, file: StoredFile): { sha256: string } | false {
  const bytes = state.lies.get(file.name)?.metadata ?? file.metadata
  return bytes === null ? false : { sha256: createHash('sha256').update(bytes).digest('hex') }
}
