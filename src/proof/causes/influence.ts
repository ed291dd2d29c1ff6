import type { VariationName } from '../../documents/fields.ts'
import { variationText } from '../variation-text.ts'
import { valueOf, type Rule } from './evidence.ts'

const pathFix =
  'Write paths relative to the project. Compilers are given -ffile-prefix-map in CPPFLAGS (CFLAGS for CMake): the build must pass that on.'

/** Values that are known: what world b was given and world a was not. They cannot be there by chance. */
export const knownValueRules: readonly Rule[] = [
  {
    name: 'scrambled-influence',
    explain({ a, b, text, scrambled }) {
      if (!text) return undefined
      const shown = a.toString('latin1')
      for (const hash of digests(b.toString('latin1'))) {
        const file = scrambled.get(hash)
        if (
          file !== undefined &&
          (shown.includes(file.original) || shown.includes(recordForm(file.original)))
        )
          return {
            cause: `The build read ${file.path}, which world b sees scrambled (${file.reason}), and put its SHA-256 into the output: the file has influence on the package.`,
            fix: `If that is right, list ${file.path} under \`inputs:\` in .github/tagproof.yml; otherwise let the build leave it alone.`
          }
      }
      return undefined
    }
  },
  {
    name: 'build-path',
    explain({ a, b, variations }) {
      // The sdist is unpacked beside the tree, so the folder of both is looked for.
      const [one, other] = [valueOf(variations.a, 'build-path'), valueOf(variations.b, 'build-path')].map(
        folderOf
      )
      if (one === undefined || other === undefined || one === other) return undefined
      if (!a.includes(one) || a.includes(other) || !b.includes(other)) return undefined
      return {
        cause: `The path of the build folder is in it: ${one} in world a, ${other} in world b.`,
        fix: pathFix
      }
    }
  },
  valueRule('home', 'The home folder of the builder is in it.'),
  valueRule('host-name', 'The name of the building machine is in it.'),
  valueRule('path-tail', 'The search path PATH is in it.'),
  valueRule('locale', 'The locale of the builder is in it.'),
  valueRule('timezone', 'The time zone of the builder is in it.'),
  valueRule('hash-seed', 'The value of PYTHONHASHSEED is in it.'),
  valueRule('user-id', 'The user id of the builder is in it.')
]

/** A rule for a value that is known: world a shows the one that was in force there, world b its own. */
function valueRule(name: VariationName, cause: string): Rule {
  return {
    name,
    explain({ a, b, variations }) {
      const [one, other] = [valueOf(variations.a, name), valueOf(variations.b, name)]
      // A short value, such as a small number, is found everywhere by chance.
      if (one === undefined || other === undefined || one === other || other.length < 4) return undefined
      if (!a.includes(one) || a.includes(other) || !b.includes(other)) return undefined
      return {
        cause: `${cause} World a has ${one}, world b ${other}.`,
        fix: `${variationText[name].fix} Do not write it into the package.`
      }
    }
  }
}

function folderOf(place: string | undefined): string | undefined {
  return place?.slice(0, place.lastIndexOf('/') + 1)
}

function digests(text: string): string[] {
  const hex = text.match(/\b[0-9a-f]{64}\b/g) ?? []
  const coded = text.match(/\b[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g) ?? []
  return [...hex, ...coded.map((item) => Buffer.from(item, 'base64url').toString('hex'))]
}

function recordForm(hash: string): string {
  return Buffer.from(hash, 'hex').toString('base64url')
}

export { pathFix }
