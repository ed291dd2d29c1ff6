import { alteredCheckout } from './altered-checkout.ts'
import { alteredMetadata } from './altered-metadata.ts'
import { alteredModule } from './altered-module.ts'
import { committedBinary } from './committed-binary.ts'
import { compiledFixture } from './compiled-fixture.ts'
import { debAttacks } from './deb-table.ts'
import { foreignBytecode } from './foreign-bytecode.ts'
import { foreignRequirement } from './foreign-requirement.ts'
import { generatedModule } from './generated-module.ts'
import { gitObjects } from './git-objects.ts'
import type { Attack, Report } from './harness/attack.ts'
import type { PackageAttack } from './harness/package-attack.ts'
import { hiddenFixture } from './hidden-fixture.ts'
import { hiddenInNames } from './hidden-in-names.ts'
import { hostileSdist } from './hostile-sdist.ts'
import { hostileWheel } from './hostile-wheel.ts'
import { imageAttacks } from './image-table.ts'
import { invisibleText } from './invisible-text.ts'
import { movedBase } from './moved-base.ts'
import { movedTag } from './moved-tag.ts'
import { leaking, oneBitLeak } from './one-bit-leak.ts'
import { startupFiles } from './startup-files.ts'
import { timeBomb } from './time-bomb.ts'
import { versionsDisagree } from './versions-disagree.ts'
import { xzUtils } from './xz-utils.ts'

/** A variant as the documentation tells it. */
export interface AttackRow {
  how: string
  reported: readonly string[]
}

/** A class of attacks as the documentation tells it. */
export interface AttackEntry {
  name: string
  rows: string
  title: string
  caughtBy: string
  variants: readonly AttackRow[]
}

const kinds: Record<Report['artifact'], (name: string) => string> = {
  sdist: () => ' in the sdist',
  wheel: () => ' in the wheel',
  both: () => ' in sdist and wheel',
  deb: (name) => ` in the deb ${name}`,
  image: (name) => ` in the image ${name}`,
  release: () => ''
}

function told({ check, code, artifact, package: name = 'victim', member }: Report): string {
  const what = member === '' ? '' : ` \`${member.replace(/[^ -~]/gu, escaped)}\``
  return `\`${check}/${code}\`:${what}${kinds[artifact](name)}`
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
}

function ofScenes({ scenes, ...rest }: Attack): AttackEntry {
  return {
    ...rest,
    variants: scenes.flatMap(({ variants }) =>
      variants.map(({ how, reported, held }) => ({
        how,
        reported: held === undefined ? reported.map(told) : [`nothing to work with: ${held}`]
      }))
    )
  }
}

function ofPackages({ packages, ...rest }: PackageAttack): AttackEntry {
  return { ...rest, variants: packages.map(({ how, reported }) => ({ how, reported: reported.map(told) })) }
}

const { moves, ...tag } = movedTag
const { variants: bases, ...based } = movedBase
const { bits, ...bit } = oneBitLeak
const { variants: shadows, ...shadowed } = foreignRequirement

/** Every class of attacks that the suite makes real, in the order of the documentation. */
export const attackTable: readonly AttackEntry[] = [
  ofScenes(xzUtils),
  ofScenes(generatedModule),
  ofScenes(hiddenFixture),
  ofScenes(compiledFixture),
  ofScenes(alteredModule),
  ofScenes(committedBinary),
  ofScenes(timeBomb),
  ofScenes(gitObjects),
  { ...tag, variants: moves.map(({ how, code }) => ({ how, reported: [`error \`${code}\``] })) },
  ofPackages(versionsDisagree),
  ofPackages(hostileWheel),
  ofPackages(hostileSdist),
  ofScenes(invisibleText),
  ofScenes(foreignBytecode),
  ofScenes(startupFiles),
  ofScenes(alteredMetadata),
  ofScenes(alteredCheckout),
  ofScenes(hiddenInNames),
  {
    ...bit,
    variants: bits.map(({ name, how, bit: value }) => ({
      how,
      reported: [
        `\`uninfluenced/perturbation-differs\`: \`victim_bit/${name}_${value(leaking)}.py\` in the wheel`
      ]
    }))
  },
  { ...shadowed, variants: shadows.map(({ how, reported }) => ({ how, reported: [reported] })) },
  ...debAttacks.map(ofScenes),
  ...imageAttacks.map(ofScenes),
  { ...based, variants: bases.map(({ how, reported }) => ({ how, reported: [reported] })) }
]
