import path from 'node:path'
import { aptDestination } from '../../destinations/apt/destination.ts'
import { openSigner } from '../../destinations/apt/open-signer.ts'
import type { DebFile } from '../../destinations/apt/packages.ts'
import { systemTime } from '../../destinations/apt/suite-writing.ts'
import type { Destination } from '../../destinations/destination.ts'
import type { Route } from '../../destinations/routing.ts'
import { fillTemplate } from '../../destinations/templates.ts'
import { TagproofError } from '../../platform/errors.ts'
import { signalOf, type StageContext } from '../context.ts'
import type { OpenRequest } from './opening.ts'
import { openStore } from './store.ts'

type AptRoute = Extract<Route, { kind: 'apt' }>

/** @throws TagproofError `signing-key`, `config-invalid`, `document-mismatch`; of the store and of `aptDestination` */
export function openApt(context: StageContext, route: AptRoute, request: OpenRequest): Destination {
  const { name, settings } = route
  const { release, credentials, own, files } = request
  const { environment } = credentials
  const key = settings.key === null ? undefined : files.get(settings.key)
  const signer = openSigner({
    destination: name,
    key: key === undefined ? null : { bytes: key, file: settings.key ?? '' },
    command: settings.signer,
    secret: own.get('apt-signing-key'),
    source: credentials.nameOf('apt-signing-key'),
    environment,
    folder: context.repository,
    now: systemTime.now,
    ...signalOf(context)
  })
  return aptDestination({
    name,
    store: openStore(context, name, settings.store, request),
    signer,
    suites: suitesOf(route, request),
    component: settings.component,
    origin: settings.origin,
    label: settings.label,
    packages: context.out.packages,
    url: settings.url ?? placeOf(context, settings),
    message: `Release ${release.version ?? release.tag}`,
    environment,
    ...signalOf(context)
  })
}

/** A folder can be read as it is, where no address is told. */
function placeOf({ repository }: StageContext, { store }: AptRoute['settings']): string | null {
  return store.kind === 'directory' ? `copy:${path.resolve(repository, store.path)}` : null
}

/** Templates that come to the same suite are one. */
function suitesOf(
  { settings, artifacts }: AptRoute,
  { release, uploads }: OpenRequest
): { suite: string; debs: DebFile[] }[] {
  const suites = new Map<string, DebFile[]>()
  for (const [template, targets] of Object.entries(settings.suites)) {
    const suite = fillTemplate(template, { version: release.version ?? release.tag, tag: release.tag })
    const debs = artifacts
      .filter(({ target }) => targets.includes(target))
      .map(({ name }) => debOf(name, uploads))
    if (debs.length > 0) suites.set(suite, [...(suites.get(suite) ?? []), ...debs])
  }
  return [...suites].map(([suite, debs]) => ({ suite, debs }))
}

/** One that uploads.json does not describe would be left out without a word. */
function debOf(name: string, { debs }: OpenRequest['uploads']): DebFile {
  const found = debs.find((deb) => deb.name === name)
  if (found !== undefined) return found
  throw new TagproofError('document-mismatch', `uploads.json does not describe ${name}.`, {
    found: debs.map((deb) => deb.name).join(', ') || 'no deb',
    expected: name,
    fix: 'Run tagproof prove and record again.'
  })
}
