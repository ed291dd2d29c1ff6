import type { Epoch } from '../../documents/identifiers.ts'
import type { AssembleSettings } from '../../documents/target-settings.ts'
import { isObject, type JsonObject } from '../../formats/oci/json.ts'
import type { Base } from './assemble-base.ts'

export interface ConfigRequest {
  settings: AssembleSettings
  base: Pick<Base, 'name' | 'digest' | 'config'>
  /** Version of the release; null for an untagged commit. */
  version: string | null
  commit: string
  epoch: Epoch
  /** Our layers, from the bottom up. */
  layers: readonly { diffId: string; title: string }[]
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * The configuration of an assembled image (image-spec, "Image Configuration"): what the base says of running, changed as a
 * Dockerfile would change it, and our labels. It depends on nothing else, the clock included.
 */
export function imageConfig(request: ConfigRequest): object {
  const { base, epoch, layers } = request
  const { platform, diffIds, raw } = base.config
  const created = `${new Date(epoch * 1000).toISOString().slice(0, 19)}Z`
  const history = [
    ...historyOf(base),
    ...layers.map(({ title }) => ({ created, created_by: `tagproof: ${title}` })),
    { created, created_by: 'tagproof: configuration', empty_layer: true }
  ]
  return {
    created,
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant === '' ? {} : { variant: platform.variant }),
    config: runSettings(request, isObject(raw.config) ? raw.config : {}),
    rootfs: {
      type: 'layers',
      diff_ids: [...diffIds, ...layers.map(({ diffId }) => diffId)].map((id) => `sha256:${id}`)
    },
    history
  }
}

/** A base without a history gets one, so that steps and layers agree. */
function historyOf({ name, config }: ConfigRequest['base']): unknown[] {
  const { history } = config.raw
  if (Array.isArray(history) && history.length > 0) return history
  return config.diffIds.map(() => ({ created_by: `layer of ${name}` }))
}

function runSettings(request: ConfigRequest, base: JsonObject): object {
  const { settings } = request
  const { entrypoint, command, user, directory } = settings
  const ports = keys(base.ExposedPorts, settings.ports)
  const volumes = keys(base.Volumes, settings.volumes)
  const kept = ['StopSignal', 'Shell', 'Healthcheck'].filter((key) => base[key] !== undefined)
  const entry = entrypoint.length > 0 ? entrypoint : base.Entrypoint
  // As with a Dockerfile's ENTRYPOINT: a new one has no use for the old one's arguments.
  const cmd = command.length > 0 ? command : entrypoint.length > 0 ? undefined : base.Cmd
  const workingDir = directory ?? base.WorkingDir
  return {
    User: user,
    ...(Object.keys(ports).length === 0 ? {} : { ExposedPorts: ports }),
    Env: variables(request, base.Env),
    ...(entry == null ? {} : { Entrypoint: entry }),
    ...(cmd == null ? {} : { Cmd: cmd }),
    ...(Object.keys(volumes).length === 0 ? {} : { Volumes: volumes }),
    ...(workingDir == null || workingDir === '' ? {} : { WorkingDir: workingDir }),
    Labels: labels(request),
    ...Object.fromEntries(kept.map((key) => [key, base[key]]))
  }
}

/** Variables of the base in its order, then ours: the environment's commands come first in PATH, no bytecode is written. */
function variables({ settings }: ConfigRequest, base: unknown): string[] {
  const values = new Map<string, string>()
  for (const line of Array.isArray(base) ? base : []) {
    const text = String(line)
    const cut = text.indexOf('=')
    if (cut > 0) values.set(text.slice(0, cut), text.slice(cut + 1))
  }
  values.set('PATH', `${settings.prefix}/bin:${values.get('PATH') ?? defaultPath}`)
  values.set('PYTHONDONTWRITEBYTECODE', '1')
  for (const [name, value] of Object.entries(settings.environment)) values.set(name, value)
  return [...values].map(([name, value]) => `${name}=${value}`)
}

/** Labels of the base stay, but for those that say what image it is. */
function labels({ settings, base, version, commit, epoch }: ConfigRequest): Record<string, string> {
  const own = 'org.opencontainers.image.'
  const kept = Object.entries(base.config.labels).filter(([name]) => !name.startsWith(own))
  const all = new Map([
    ...kept,
    [`${own}base.digest`, base.digest] as const,
    [`${own}base.name`, base.name] as const,
    [`${own}created`, `${new Date(epoch * 1000).toISOString().slice(0, 19)}Z`] as const,
    [`${own}revision`, commit] as const,
    ...(version === null ? [] : [[`${own}version`, version] as const]),
    ...Object.entries(settings.labels)
  ])
  return Object.fromEntries([...all].sort(([one], [other]) => (one < other ? -1 : 1)))
}

function keys(base: unknown, more: readonly string[]): Record<string, object> {
  const names = new Set([...(isObject(base) ? Object.keys(base) : []), ...more])
  return Object.fromEntries([...names].sort().map((name) => [name, {}]))
}
