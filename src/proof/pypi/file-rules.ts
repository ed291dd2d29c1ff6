import { entryPointsProblem } from '../../formats/python/entry-points.ts'
import { refusedPlatforms } from '../../formats/python/platform-tags.ts'
import { parseWheelName } from '../../formats/wheel.ts'
import { sameVersion } from '../../source/version.ts'
import type { IndexRule, Problem } from './rule.ts'

const mebibyte = 2 ** 20
/** warehouse, `forklift/legacy.py`: the limit of a file unless its project was given another one. */
const usualLimit = 100 * mebibyte
/** It keeps METADATA beside the wheel, as NAME.metadata, on a file system where names have 255 bytes. */
const longestWheelName = 255 - '.metadata'.length

/** Names and form of the files. */
export const fileRules: readonly IndexRule[] = [
  {
    /** PEP 625, PEP 427 ("Escaping and Unicode"); warehouse, `forklift/legacy.py`. */
    code: 'index-file-name',
    example: 'The file is named Herald-1.4.0.tar.gz; the index wants herald-1.4.0.tar.gz.',
    demands:
      'A file bears the normalised name of its project with "_" for "-", and the version of its metadata; an sdist is a .tar.gz, with the version normalised.',
    fix: 'Lock a current release of the build backend (setuptools 69.3, poetry-core 1.0 and hatchling 1.0 name files so), and let the version be written as PEP 440 does.',
    check: ({ distribution: { kind, name }, upload }) => {
      const project = upload.project.replaceAll('-', '_')
      if (kind === 'sdist') return named(name, `${project}-${upload.version}.tar.gz`)
      if (name.length > longestWheelName)
        return [{ message: `The name of the file is longer than ${longestWheelName} characters.` }]
      const wheel = parseWheelName(name)
      const rest = name.slice(wheel.name.length + wheel.version.length + 1)
      if (wheel.name !== project) return named(name, `${project}-${wheel.version}${rest}`)
      return sameVersion(wheel.version, upload.version)
        ? []
        : named(name, `${project}-${upload.version}${rest}`)
    }
  },
  {
    /** warehouse, `forklift/legacy.py`, _valid_platform_tag. */
    code: 'index-platform-tag',
    example: 'The platform tag linux_x86_64 says nothing of the libraries that the wheel needs.',
    demands:
      'The platform tags of a wheel are any, Windows, manylinux, musllinux, macOS (10.x, or a release of 11 and later with minor version 0), iOS, Android or PyEmscripten.',
    fix: 'Build Linux wheels in a manylinux or musllinux image and repair them with auditwheel (cibuildwheel does both); for macOS set MACOSX_DEPLOYMENT_TARGET to 11.0 or 10.x.',
    check: ({ distribution: { kind, name } }) =>
      kind === 'sdist'
        ? []
        : refusedPlatforms(parseWheelName(name).platform).map((tag) => ({
            message: tag.startsWith('linux_')
              ? `The platform tag ${tag} says nothing of the libraries that the wheel needs.`
              : `The platform tag ${tag} is none that the index takes.`
          }))
  },
  {
    /** warehouse, `forklift/legacy.py`: WHEEL, RECORD and METADATA are looked for under the very name of the file. */
    code: 'index-dist-info',
    example: 'The folder is Herald-1.4.0.dist-info; the index looks for herald-1.4.0.dist-info.',
    demands: 'The .dist-info folder of a wheel is spelled as the name and version of its file.',
    fix: 'Do not rename wheels; lock a build backend that writes both alike.',
    check: ({ distribution: { kind, name, folder } }) => {
      if (kind === 'sdist') return []
      const wheel = parseWheelName(name)
      const expected = `${wheel.name}-${wheel.version}.dist-info`
      return folder === expected
        ? []
        : [{ message: `The folder is ${folder}; the index looks for ${expected}.`, member: folder }]
    }
  },
  {
    /** Entry points specification; warehouse, `utils/wheel.py`. */
    code: 'index-entry-points',
    example: 'entry_points.txt: "../herald" in console_scripts is no name of a command.',
    demands: 'entry_points.txt of a wheel is a well-formed ini file in UTF-8, and commands have plain names.',
    fix: 'Correct project.scripts, project.gui-scripts or project.entry-points in pyproject.toml.',
    check: ({ distribution: { entryPoints, folder } }) => {
      const problem = entryPoints === null ? null : entryPointsProblem(entryPoints)
      return problem === null
        ? []
        : [{ message: `entry_points.txt: ${problem}.`, member: `${folder}/entry_points.txt` }]
    }
  },
  {
    /** warehouse, `utils/scanner_rules/`. */
    code: 'index-protected-code',
    example: 'herald/core.py is protected with PyArmor.',
    demands:
      'No .py or .pye file holds the marks of PyArmor or SourceDefender: code that nobody can read breaks the rules of use of the index.',
    fix: 'Publish the source as it is, or publish elsewhere.',
    check: ({ distribution }) =>
      distribution.protected.map(({ member, tool }) => ({
        message: `${member} is protected with ${tool}.`,
        member
      }))
  },
  {
    /** warehouse, `_is_valid_dist_file`. */
    code: 'index-polyglot',
    example: 'The sdist can also be read as a zip.',
    demands:
      'A file is no zip and tar at once. An sdist becomes one by a zip among its last members that does not compress.',
    fix: 'Add a text file behind the archive in the order of names, or leave the archive out of the sdist.',
    check: ({ distribution: { kind, polyglot } }) =>
      polyglot === null ? [] : [{ message: `The ${kind} can also be read as a ${polyglot}.` }]
  },
  {
    /** warehouse, docs `project-management/storage-limits`: 100 MiB, and more on request. */
    code: 'index-size',
    example: 'The file has 130 MiB; the index takes 100 MiB unless the project was granted more.',
    demands:
      'A file has at most 100 MiB, unless the project was granted more; the index alone knows, so this is a warning.',
    fix: 'Make it smaller, or ask for a higher limit first: on the page of the project, Settings, or as docs of the index say under "Storage limits".',
    check: ({ distribution: { size } }) =>
      size > usualLimit
        ? [
            {
              message: `The file has ${Math.ceil(size / mebibyte)} MiB; the index takes ${usualLimit / mebibyte} MiB unless the project was granted more.`,
              severity: 'warn'
            }
          ]
        : []
  }
]

function named(found: string, expected: string): Problem[] {
  return found === expected ? [] : [{ message: `The file is named ${found}; the index wants ${expected}.` }]
}
