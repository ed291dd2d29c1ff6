import { createHash } from 'node:crypto'
import { inspect } from './archives.ts'
import { checkAttestations } from './attestations.ts'
import { blake2b256 } from './blake2b.ts'
import { provenanceOf, tokenOf } from './exchange.ts'
import { checkForm, checkMetadata, type Values } from './metadata-rules.ts'
import type { Form } from './multipart.ts'
import { fileProblem, nameProblem } from './names.ts'
import { Refusal } from './refusal.ts'
import {
  addProject,
  mebibyte,
  normalise,
  releaseKey,
  similarProject,
  type IndexState,
  type Project,
  type StoredFile,
  type Token
} from './state.ts'

const uploadWindow = 14 * 24 * 3_600_000
const newProjectsPerHour = 20

/**
 * One file of the legacy upload API, with the checks in the order of the index. Nothing is written unless all pass,
 * and nothing for a file that is there with the same hashes.
 *
 * @returns whether it was stored
 * @throws Refusal
 */
export function upload(
  state: IndexState,
  authorization: string | undefined,
  form: Form,
  hidden: StoredFile['hidden']
): boolean {
  const token = tokenOf(state, authorization)
  if (token === null) throw new Refusal(403, 'Invalid or non-existent authentication information.')
  const values: Values = (name) => form.fields.filter(([each]) => each === name).map(([, value]) => value)
  if (values(':action')[0] !== 'file_upload') throw new Refusal(400, 'Unknown action.')
  const { name, version, filetype } = checkForm(values)
  checkMetadata(values, version)
  if (form.file?.field !== 'content') throw new Refusal(400, 'Upload payload does not have a file.')
  const { filename, type, bytes } = form.file

  const known = state.projects.get(normalise(name))
  if (known === undefined) checkNewProject(state, name, token)
  else checkPermission(known, token)
  const project = known ?? { name, fileLimit: 100 * mebibyte, releases: new Map<string, never>() }

  const badFile = fileProblem(filename, filetype)
  if (badFile !== null) throw new Refusal(400, badFile)
  if (type === '' || type.startsWith('image/')) throw new Refusal(400, 'Invalid distribution file.')
  if (bytes.length > project.fileLimit)
    throw new Refusal(
      400,
      `File too large. Limit for project '${project.name}' is ${Math.floor(project.fileLimit / mebibyte)} MB.`
    )
  const hashes = hashesOf(bytes)
  const wrong = [
    [values('sha256_digest')[0], hashes.sha256],
    [values('blake2_256_digest')[0], hashes.blake2b256],
    [values('md5_digest')[0], hashes.md5]
  ].some(([given = '', right]) => given !== '' && given.toLowerCase() !== right)
  if (wrong)
    throw new Refusal(400, 'The digest supplied does not match a digest calculated from the uploaded file.')
  if (isDuplicate(state, filename, hashes)) return false
  const key = releaseKey(version) ?? version
  checkRelease(state, project.releases.get(key), { filename, filetype, project: normalise(name), key })
  const { problem, metadata } = inspect(filename, bytes)
  if (problem !== null) throw new Refusal(400, `Invalid distribution file. ${problem}`)
  const badName = nameProblem(filename, filetype, name, version)
  if (badName !== null) throw new Refusal(400, badName)
  const provenance = attestationsOf(values, token, { name: filename, sha256: hashes.sha256 })

  const owner = token.kind === 'user' ? token.user : ''
  const { fields } = form
  const file = { name: filename, project: normalise(name), version, filetype, fields, bytes }
  store(state, known ?? created(state, name, owner), { ...file, metadata, provenance, hidden })
  return true
}

/** Puts a file there, past all checks. */
export function store(
  state: IndexState,
  { releases }: Project,
  file: Omit<StoredFile, 'md5' | 'sha256' | 'blake2b256' | 'uploaded'>
): void {
  const key = releaseKey(file.version) ?? file.version
  if (!releases.has(key)) releases.set(key, { version: file.version, created: state.now() })
  state.serial += 1
  state.writes.push(`file ${file.name}`)
  const hidden = { ...file.hidden }
  state.files.set(file.name, { ...file, ...hashesOf(file.bytes), uploaded: state.now(), hidden })
}

function created(state: IndexState, name: string, owner: string): Project {
  state.created.push(state.now())
  state.writes.push(`project ${normalise(name)}`)
  return addProject(state, name, { owners: [owner] })
}

function hashesOf(bytes: Buffer): { md5: string; sha256: string; blake2b256: string } {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { md5: createHash('md5').update(bytes).digest('hex'), sha256, blake2b256: blake2b256(bytes, sha256) }
}

/** @throws Refusal 400, 429 where this identity can make no project of this name */
function checkNewProject(state: IndexState, name: string, token: Token): void {
  if (token.kind === 'publisher')
    throw new Refusal(
      400,
      "Non-user identities cannot create new projects. The name in the project's metadata is not the one that the publisher was registered for."
    )
  if (token.projects !== 'all') throw notAllowed(token, name)
  if (state.created.filter((time) => time > state.now() - 3_600_000).length >= newProjectsPerHour)
    throw new Refusal(429, 'Too many new projects created', { 'retry-after': '1' })
  const similar = similarProject(state, name)
  if (similar !== null) throw new Refusal(400, `The name '${name}' is too similar to an existing project.`)
}

function checkPermission(project: Project, token: Token): void {
  const key = normalise(project.name)
  const inScope = token.projects === 'all' || token.projects.includes(key)
  if (token.kind === 'user' && !inScope)
    throw new Refusal(
      403,
      `Invalid API Token: project-scoped token is not valid for project: '${project.name}'`
    )
  // A quarantine ends what publishers may do; people may still upload what nobody sees.
  const closed =
    project.status === 'archived' || (project.status === 'quarantined' && token.kind === 'publisher')
  const owns = token.kind === 'publisher' || project.owners.includes(token.user)
  if (!inScope || !owns || closed) throw notAllowed(token, project.name)
}

function notAllowed(token: Token, project: string): Refusal {
  const who = token.kind === 'user' ? `The user '${token.user}'` : 'The given token'
  return new Refusal(403, `${who} isn't allowed to upload to project '${project}'.`)
}

/** @returns true where the very file is there: nothing is to be done */
function isDuplicate(
  state: IndexState,
  filename: string,
  hashes: { sha256: string; blake2b256: string }
): boolean {
  const same = [...state.files.values()].find(
    (file) => file.name === filename || file.blake2b256 === hashes.blake2b256
  )
  if (same === undefined) return false
  if (same.name === filename && same.sha256 === hashes.sha256) return true
  throw new Refusal(400, `File already exists ('${filename}', with blake2_256 hash '${hashes.blake2b256}').`)
}

function checkRelease(
  state: IndexState,
  release: { created: number } | undefined,
  file: { filename: string; filetype: string; project: string; key: string }
): void {
  if (state.deleted.has(file.filename))
    throw new Refusal(
      400,
      'This filename was previously used by a file that has since been deleted. Use a different version.'
    )
  if (release !== undefined && release.created < state.now() - uploadWindow)
    throw new Refusal(400, 'Uploading new files to releases older than 14 days is not allowed.')
  const beside = [...state.files.values()].some(
    (one) => one.project === file.project && one.filetype === 'sdist' && releaseKey(one.version) === file.key
  )
  if (file.filetype === 'sdist' && beside)
    throw new Refusal(400, 'Only one sdist may be uploaded per release.')
}

function attestationsOf(values: Values, token: Token, file: { name: string; sha256: string }): object | null {
  const [text] = values('attestations')
  if (text === undefined) return null
  if (token.kind !== 'publisher')
    throw new Refusal(
      400,
      'Invalid attestations supplied during upload: Attestations are only supported when using Trusted Publishing'
    )
  return provenanceOf(token.publisher, checkAttestations(text, file))
}
