import { packageName, type SetupPlan } from '../platform/system-packages.mjs'
import { fail, ok, warn, type Check } from './check.ts'
import type { FoundTool, ToolFacts } from './tools.ts'

/** What each is for, by its package. */
const purposes: Readonly<Record<string, string>> = {
  git: 'The tree of the tag is read with it.',
  python3: 'Locks and descriptions of Python packages are made with it.',
  'python3-venv': 'Environments for locking are made with it.',
  runc: 'Project code runs in its sandbox, and nowhere else.',
  mmdebstrap: 'The root that a build sees is made with it.',
  'dpkg-dev': 'Packages of a root are indexed with it.',
  'apt-utils': 'An apt repository is written with it.',
  gpgv: 'Signatures of package archives are verified with it.',
  mount: 'The file systems of a world are mounted with it.',
  'ca-certificates': 'Without them no server can be trusted.',
  'debian-archive-keyring': 'The signature of the package archive is verified with it.'
}

/** `cat-file --batch-command` and control groups of the second version need these. */
const oldest: Readonly<Record<string, readonly [number, number]>> = { git: [2, 36], runc: [1, 1] }

/** A line for each tool. Pure. */
export function toolChecks(facts: ToolFacts): Check[] {
  return [
    systemCheck(facts),
    nodeCheck(facts),
    ...facts.tools.map((tool) => toolCheck(tool, facts.setup)),
    ...(facts.dockerfile ? [builderCheck(facts)] : [])
  ]
}

function systemCheck({ system, setup }: ToolFacts): Check {
  const tested = ['debian 12', 'ubuntu 24.04'].includes(`${system.id} ${system.version}`)
  if (tested) return ok('tools', 'system', system.name)
  const why = 'Tagproof is tested on Debian 12 and Ubuntu 24.04.'
  const fix = 'Use one of these, or a runner ubuntu-24.04.'
  if (setup.action === 'foreign')
    return fail('tools', 'system', `${system.name} cannot be set up`, { why, fix })
  return warn('tools', 'system', `${system.name} is not tested`, { why, fix })
}

function nodeCheck({ node }: ToolFacts): Check {
  if (Number(node.split('.')[0]) >= 20) return ok('tools', 'node', `Node.js ${node}`)
  return fail('tools', 'node', `Node.js ${node} is too old`, {
    why: 'The program needs Node.js 20 or newer.',
    fix: 'Install Node.js 20 or newer.'
  })
}

function toolCheck({ need, present, version }: FoundTool, setup: SetupPlan): Check {
  const name = packageName(need)
  const called = need.program === undefined || need.program === name ? name : `${need.program} (${name})`
  const why = purposes[name] ?? 'It takes part in a release.'
  if (!present) return fail('tools', 'tool', `${called} is missing`, { why, fix: fixOf(setup) })
  const least = oldest[name]
  if (least !== undefined && version !== null && isOlder(version, least))
    return fail('tools', 'tool', `${called} ${version} is too old`, {
      why,
      fix: `Install ${name} ${least.join('.')} or newer, such as that of Debian 12 or Ubuntu 24.04.`
    })
  return ok('tools', 'tool', version === null ? called : `${called} ${version}`)
}

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return ownMajor < major || (ownMajor === major && ownMinor < minor)
}

function fixOf(setup: SetupPlan): string {
  if (setup.action === 'ask') return setup.line
  if (setup.action === 'install') return 'tagproof doctor --install puts it in place.'
  return 'Install it with the package manager of this system.'
}

function builderCheck({ builder, setup }: ToolFacts): Check {
  if (builder !== null) return ok('tools', 'builder', `${builder.name} ${builder.version} builds images`)
  return fail('tools', 'builder', 'Nothing here builds images from a Dockerfile', {
    why: 'The project has an image target. BuildKit is taken where it is found, else buildah.',
    fix: `${fixOf(setup)} (With Go, scripts/setup-buildkit.mjs of this program makes BuildKit.)`
  })
}
