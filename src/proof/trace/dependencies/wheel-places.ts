import type { InstalledPlace } from '../installed.ts'

/** A wheel as far as places go: whose members lie where. */
interface Wheel {
  members: ReadonlyMap<string, unknown>
}

const known = new WeakMap<Wheel, Places>()

interface Places {
  /** Path below the folder of modules to paths in the wheel. */
  site: ReadonlyMap<string, readonly string[]>
  /** Path below the prefix to paths in the wheel. */
  prefix: ReadonlyMap<string, readonly string[]>
}

/** Installers put headers below a folder of the interpreter, and there into one of the distribution's name (`sysconfig`). */
const headers = /^include\/(?:site\/)?python\d+\.\d+\//

/** Paths in a wheel of which an installer may have made the file at a place (binary distribution format, "Spread"). */
export function placesInWheel(wheel: Wheel, place: InstalledPlace): readonly string[] {
  const places = known.get(wheel) ?? read(wheel)
  known.set(wheel, places)
  if (place.site !== null) {
    const inner = places.site.get(place.path.slice(place.site.length))
    if (inner !== undefined) return inner
  }
  // Which folder is the prefix is not known of a file alone: `bin/x` may lie below any.
  const parts = place.path.split('/')
  for (let at = 0; at < parts.length; at += 1) {
    const found = places.prefix.get(parts.slice(at).join('/').replace(headers, 'include/'))
    if (found !== undefined) return found
  }
  return []
}

function read(wheel: Wheel): Places {
  const site = new Map<string, string[]>()
  const prefix = new Map<string, string[]>()
  const add = (map: Map<string, string[]>, key: string, path: string): void => {
    map.set(key, [...(map.get(key) ?? []), path])
  }
  for (const path of wheel.members.keys()) {
    const [, scheme, rest] = /^[^/]+\.data\/(purelib|platlib|scripts|data|headers)\/(.+)$/.exec(path) ?? []
    if (scheme === undefined || rest === undefined) add(site, path, path)
    else if (scheme === 'scripts') add(prefix, `bin/${rest}`, path)
    else if (scheme === 'data') add(prefix, rest, path)
    else if (scheme === 'headers') {
      add(prefix, `include/${rest}`, path)
      add(prefix, `include/${path.slice(0, path.indexOf('-'))}/${rest}`, path)
    } else add(site, rest, path)
  }
  return { site, prefix }
}
