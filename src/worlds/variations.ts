import { leftOut, type Variation, type VariationName } from '../documents/fields.ts'
import type { World } from '../documents/identifiers.ts'
import { clockVariable } from './clock.ts'
import type { MachineFacts, RootFacts } from './facts.ts'

/** Everything that a world fixes for what runs in it. Pure data; `records` says which of it varied. */
export interface Conditions {
  world: World
  /** Mount point of the writable folder that holds the export. */
  buildFolder: string
  /** Top of the exported tree: `BUILD_DIR`. */
  buildPath: string
  home: string
  user: { name: string; id: number }
  hostName: string
  umask: number
  cpus: readonly number[]
  /** Variables of the world itself; they win over what a caller adds, save PATH (see `pathTail`). */
  environment: Readonly<Record<string, string>>
  /** Folders behind those of PATH. */
  pathTail: readonly string[]
  records: readonly Variation[]
}

export interface VariationOptions {
  /** Variations that are left out, to find a culprit. */
  off: readonly VariationName[]
  /** Whether this world is given an export; without one there is nothing to order or scramble. */
  exported: boolean
}

interface Rule {
  name: VariationName
  a: string
  b: string
  /** Why it cannot be applied here, or nothing. */
  hindrance?: string | undefined
}

const plainPath = '/usr/local/bin:/usr/bin:/bin'
const tailOfB = '/opt/tagproof-tail/bin:/usr/games'
const threadVariables = [
  'OMP_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'RAYON_NUM_THREADS',
  'CMAKE_BUILD_PARALLEL_LEVEL'
]

/**
 * The conditions of a world (DESIGN 7). World `a` is calm; `b` differs in each variation that this machine and
 * this root allow, and the record of each says the value in force, or why it was not applied.
 */
export function variationsFor(
  world: World,
  machine: MachineFacts,
  root: RootFacts,
  options: VariationOptions
): Conditions {
  const records = rulesFor(machine, root, options).map((rule) => record(world, rule, options.off))
  const value = (name: VariationName): string => records.find((entry) => entry.name === name)?.value ?? ''
  const buildPath = value('build-path')
  const userId = Number(value('user-id'))
  const count = Number(value('cpus'))
  const tail = value('path-tail')
  return {
    world,
    buildFolder: buildPath.slice(0, buildPath.lastIndexOf('/')),
    buildPath,
    home: value('home'),
    user: { name: userId === 1000 ? 'builder' : 'maker', id: userId },
    hostName: value('host-name'),
    umask: parseInt(value('umask'), 8),
    cpus: machine.cpus.slice(0, count),
    pathTail: tail === '' ? [] : tail.split(':'),
    environment: {
      PATH: plainPath,
      TZ: value('timezone'),
      LANG: value('locale'),
      LC_ALL: value('locale'),
      ...(value('locale') === 'C.UTF-8' ? {} : { LANGUAGE: 'et' }),
      PYTHONHASHSEED: value('hash-seed'),
      ...Object.fromEntries(threadVariables.map((name) => [name, String(count)])),
      ...(value('clock') === 'real' ? {} : clockVariables(root.clockLibrary ?? '', value('clock')))
    },
    records
  }
}

function rulesFor(machine: MachineFacts, root: RootFacts, options: VariationOptions): Rule[] {
  const cpus = machine.cpus.length
  const noExport = options.exported ? undefined : 'this run has no export'
  return [
    { name: 'build-path', a: '/build/tree', b: '/srv/somewhere-else/deeper.b/tree' },
    { name: 'home', a: '/home/builder', b: '/var/people/maker' },
    { name: 'user-id', a: '1000', b: '2002' },
    { name: 'host-name', a: 'tagproof', b: 'elsewhere-b' },
    // UTC+14 all the year: the date differs from UTC's for 14 hours of each day.
    { name: 'timezone', a: 'UTC', b: root.timeZones ? 'Pacific/Kiritimati' : '<+14>-14' },
    {
      name: 'locale',
      a: 'C.UTF-8',
      // Estonian sorts z between s and t, and writes numbers with a comma.
      b: 'et_EE.UTF-8',
      hindrance: root.estonian ? undefined : 'the root has no locale et_EE.UTF-8 (package locales)'
    },
    { name: 'umask', a: '0022', b: '0077' },
    { name: 'hash-seed', a: '0', b: '31337' },
    {
      name: 'clock',
      a: 'real',
      b: '+400d',
      hindrance: root.clockLibrary === null ? 'the root has no C compiler to make the clock with' : undefined
    },
    { name: 'directory-order', a: 'created sorted', b: 'created reversed', hindrance: noExport },
    {
      name: 'cpus',
      a: String(cpus),
      b: String(Math.max(1, cpus - 1)),
      hindrance: cpus < 2 ? 'this machine has one CPU only' : undefined
    },
    { name: 'path-tail', a: '', b: tailOfB },
    { name: 'scrambled-files', a: 'original', b: 'scrambled', hindrance: noExport }
  ]
}

function record(world: World, rule: Rule, off: readonly VariationName[]): Variation {
  if (rule.hindrance !== undefined)
    return { name: rule.name, value: rule.a, applied: false, reason: rule.hindrance }
  if (world === 'b' && off.includes(rule.name))
    return { name: rule.name, value: rule.a, applied: false, reason: leftOut }
  return { name: rule.name, value: world === 'a' ? rule.a : rule.b, applied: true, reason: '' }
}

/** `+400d` as the preloaded library is told it. */
function clockVariables(library: string, offset: string): Record<string, string> {
  return { LD_PRELOAD: library, [clockVariable]: String(parseInt(offset, 10) * 86_400) }
}
