import { sha256OfBytes } from '../../platform/files.ts'
import type { Evidence, Explained, Rule } from './evidence.ts'

/** Files of a deb or image that tell about all the others, and files that world b did not see as they are. */
export const documentRules: readonly Rule[] = [
  {
    name: 'changed-copy',
    explain({ kind, b, scrambled, member }) {
      const file = scrambled.get(sha256OfBytes(b))
      if (file === undefined) return undefined
      const fix: Partial<Record<typeof kind, string>> = {
        deb: `Leave the file alone: \`dh_strip -X${nameOf(member)}\`, \`dh_strip_nondeterminism -X${nameOf(member)}\`; or declare ${file.path} under \`inputs:\` with a reason.`
      }
      return {
        cause: `World b has ${file.path} as it sees it (scrambled), and world a has it changed: a tool looked into the file and rewrote it, as strip does with programs.`,
        fix:
          fix[kind] ??
          `Copy the file as it is; or declare ${file.path} under \`inputs:\` in .github/tagproof.yml with a reason.`
      }
    }
  },
  {
    name: 'control-field',
    explain({ kind, member, lineA, lineB }) {
      if (kind !== 'deb' || member !== 'DEBIAN/control') return undefined
      const field = /^([A-Za-z-]+):/.exec(lineA)?.[1] ?? /^([A-Za-z-]+):/.exec(lineB)?.[1]
      return controlFields[field ?? ''] ?? otherField(field)
    }
  },
  { name: 'image-config', explain: (evidence) => configCause(evidence, configParts) },
  { name: 'image-layers', explain: (evidence) => configCause(evidence, [layerPart]) }
]

function configCause({ kind, member, a, b }: Evidence, parts: readonly ConfigPart[]): Explained | undefined {
  if (kind !== 'image' || !/^([^/]+\/)?config\.json$/.test(member)) return undefined
  const [one, other] = [jsonOf(a), jsonOf(b)]
  if (one === undefined || other === undefined) return undefined
  return parts.find(({ at }) => JSON.stringify(at(one)) !== JSON.stringify(at(other)))?.told
}

const controlFields: Readonly<Record<string, Explained>> = {
  Depends: {
    cause:
      'The dependencies follow the build: libraries that dpkg-shlibdeps found, or what a probe of the build found in one world alone.',
    fix: 'Look whether a program or library was linked in one world alone; let debian/rules pass fixed options instead of probing.'
  },
  'Build-Ids': {
    cause: 'The identifiers of programs follow their content.',
    fix: 'See the findings about compiled objects first.'
  },
  'Installed-Size': {
    cause: 'The size follows that of the other members.',
    fix: 'See the findings about other members first.'
  },
  Version: {
    cause: 'The version of the package follows the build, not debian/changelog alone.',
    fix: 'Take the version from debian/changelog, or set `changelog: tag` in the configuration.'
  }
}

function otherField(field: string | undefined): Explained {
  return {
    cause: `The field ${field ?? 'of the control file'} follows something of the build, most often a substitution variable.`,
    fix: 'Find what writes the variable (debian/*.substvars, dpkg-gencontrol -V) and let it follow from the tree alone.'
  }
}

type Json = Record<string, unknown>

interface ConfigPart {
  at: (config: Json) => unknown
  told: Explained
}

/** Parts of a configuration that follow no layer. */
const configParts: readonly ConfigPart[] = [
  {
    at: ({ created }) => created,
    told: {
      cause: 'The configuration of the image holds the time of the build.',
      fix: 'Let the builder see SOURCE_DATE_EPOCH; do not set the label org.opencontainers.image.created by hand.'
    }
  },
  {
    at: ({ config }) => config,
    told: {
      cause: 'Environment, labels, command or another setting of the image follows the build.',
      fix: 'Set ENV and LABEL to values that follow from the tag alone; do not pass build arguments that differ.'
    }
  },
  {
    at: ({ history }) => history,
    told: {
      cause: 'The history of the image differs: steps, their arguments or their times.',
      fix: 'Give each ARG the same value in every build; let the builder see SOURCE_DATE_EPOCH.'
    }
  }
]

const layerPart: ConfigPart = {
  at: ({ rootfs }) => rootfs,
  told: {
    cause:
      'A layer differs (diff_ids). Where no member of a layer does, the order of its files or the form of its headers differs.',
    fix: 'See the findings about members of layers first; otherwise build with the builder that Tagproof brings.'
  }
}

function jsonOf(bytes: Buffer): Json | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as Json
  } catch {
    return undefined
  }
}

function nameOf(member: string): string {
  return member.slice(member.lastIndexOf('/') + 1)
}
