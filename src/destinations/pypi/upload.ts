import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Upload } from '../../documents/uploads.ts'
import { joinInside } from '../../platform/files.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { showUrl } from '../../platform/http-rules.ts'
import type { Log } from '../../platform/log.ts'
import type { ArtifactState } from '../destination.ts'
import { judgeAnswer, serverWords, type UploadAnswer } from './answer.ts'
import { beginningOf } from '../../platform/http-beginning.ts'
import { uploadBody } from './body.ts'
import { emptyForm, uploadForm } from './form.ts'
import type { Login } from './login.ts'
import { alreadyDifferent, loginRefused, moved, notTaken, uploadRefused } from './refusals.ts'
import type { IndexService } from './services.ts'

export interface UploadContext {
  service: IndexService
  http: HttpClient
  login: Login
  /** Folder with the artifacts. */
  packages: string
  log: Log
  /** Asks the index anew what it has under this name. */
  ask: (upload: Upload) => Promise<ArtifactState>
  signal?: AbortSignal
}

/** Storing a large file takes a server its time, in which it says nothing. */
const patience = 4
const mostAnswer = 64 * 1024

/**
 * Sends one file. A request is never repeated blindly: after every answer that may hide a success (a fault of the server, a
 * time-out, a broken connection, "already exists") the hash of what the index has is asked for first.
 *
 * @returns `sent`: the server said that it has it; `there`: it had it when it was asked again
 * @throws TagproofError `destination-different`, `login-refused`, `upload-refused`, `hash-mismatch`, `network`
 */
export async function uploadFile(
  upload: Upload,
  attestations: readonly object[] | null,
  context: UploadContext
): Promise<'sent' | 'there'> {
  let renewed = false
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send(upload, attestations, context)
    const judged = answer.judged
    const words = 'error' in answer ? answer.error.message : serverWords(answer, context.login.secrets())
    if (judged === 'done') return 'sent'
    if (judged === 'moved') throw moved(context.service, upload.name, answer.location)
    if (judged === 'refused') throw uploadRefused(context.service, upload.name, words)
    if (judged === 'login') {
      // A token may have ended on the way; a second refusal is meant.
      if (renewed || !(await context.login.renew())) throw loginRefused(context.service, words)
      renewed = true
      continue
    }
    const state = await context.ask(upload)
    if (state.state === 'identical') {
      context.log.info(`${upload.name} is there: ${context.service.name} had stored it (${words}).`)
      return 'there'
    }
    if (state.state === 'different') throw alreadyDifferent(context.service, upload, state.found)
    if (judged === 'exists') throw uploadRefused(context.service, upload.name, words)
    if (attempt >= context.http.attempts)
      throw 'error' in answer ? answer.error : notTaken(context.service, upload.name, words, attempt)
    context.log.warn(`${upload.name} is not there yet (${words}); it is sent again.`)
    await context.http.pause(attempt, answer.retryAfter, context.signal)
  }
}

interface Sent {
  judged: ReturnType<typeof judgeAnswer>
  location: string | undefined
  retryAfter: string | undefined
}

async function send(
  upload: Upload,
  attestations: readonly object[] | null,
  context: UploadContext
): Promise<Sent & (UploadAnswer | { error: TagproofError })> {
  const form = uploadForm(upload, attestations, boundary())
  const file = joinInside(context.packages, upload.name)
  const headers = { 'content-type': form.contentType, 'content-length': String(form.contentLength) }
  try {
    return await post(headers, () => uploadBody(file, form, upload), context)
  } catch (error) {
    if (!(error instanceof TagproofError) || error.code !== 'network') throw error
    return { judged: 'ask', error, location: undefined, retryAfter: undefined }
  }
}

/**
 * Whether the index knows the login, without a file: a form that no index can store is refused for the login first
 * (PyPI also says so where it takes no uploads at this time), and only then for what it lacks.
 *
 * @throws TagproofError `login-refused`, `upload-refused` for an address that sends us elsewhere, `network`
 */
export async function proveLogin(context: Omit<UploadContext, 'packages' | 'ask' | 'log'>): Promise<void> {
  const answer = await askLogin(context)
  if (answer.judged === 'moved') throw moved(context.service, 'the login', answer.location)
  if (answer.judged === 'login')
    throw loginRefused(context.service, serverWords(answer, context.login.secrets()))
}

/** Nothing can be stored by it, so it is asked again like any question: one broken connection ends no release. */
async function askLogin(
  context: Omit<UploadContext, 'packages' | 'ask' | 'log'>
): Promise<Sent & UploadAnswer> {
  const { contentType, body } = emptyForm(boundary())
  const headers = { 'content-type': contentType, 'content-length': String(body.length) }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await post(headers, body, context)
    } catch (error) {
      const passing = error instanceof TagproofError && error.code === 'network'
      if (!passing || attempt >= context.http.attempts) throw error
      await context.http.pause(attempt, undefined, context.signal)
    }
  }
}

async function post(
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | (() => Readable),
  { service, http, login, signal }: Omit<UploadContext, 'packages' | 'ask' | 'log'>
): Promise<Sent & UploadAnswer> {
  const answer = await http.open({
    url: service.uploadUrl,
    method: 'POST',
    headers: { ...headers, accept: 'application/json', authorization: await login.authorization() },
    body,
    accept: 'any',
    attempts: 1,
    patience,
    ...(signal === undefined ? {} : { signal })
  })
  const { text, whole } = await beginningOf(answer.stream, mostAnswer)
  const read: UploadAnswer = {
    status: answer.status,
    statusText: answer.statusText,
    contentType: answer.headers['content-type'] ?? '',
    body: text,
    whole
  }
  const { location } = answer.headers
  return {
    ...read,
    judged: judgeAnswer(read),
    location: location === undefined ? undefined : showUrl(location),
    retryAfter: answer.headers['retry-after']
  }
}

function boundary(): string {
  return `tagproof-${randomBytes(24).toString('hex')}`
}
