import { z } from 'zod'
import { relativePathField } from './fields.ts'

/** Settings of `deb` and `image` targets: written in the configuration, handed on in the plan. */

const targetNameField = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected lower-case letters, digits, dot, dash')
const debianNameField = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'expected the name of a Debian package')
/** One relation as in `Depends`: `python3 (>= 3.11)`, `mta | exim4`. */
const relationField = z
  .string()
  .max(500)
  // eslint-disable-next-line no-control-regex -- a relation is one line
  .regex(/^[a-z0-9][^\0-\x1f,]*$/, 'expected one relation to a package, such as python3 (>= 3.11)')
/** A path of the installed system, without `.`, `..` or doubled slashes. */
export const installedPathField = z
  .string()
  .max(4000)
  // eslint-disable-next-line no-control-regex -- a path that moves the cursor is none
  .regex(/^(\/(?!\.{1,2}(\/|$))[^/\0-\x1f]+)+$/, 'expected an absolute path such as /usr/lib/herald')
const oneLineField = z
  .string()
  .min(1)
  .max(500)
  // eslint-disable-next-line no-control-regex -- a field of control is one line
  .regex(/^[^\0-\x1f\x7f]+$/, 'expected one line')

export const installedFileField = z
  .strictObject({
    from: relativePathField.describe('File or folder of the tree.'),
    to: installedPathField.describe('Where it is installed; a folder brings what is in it.'),
    mode: z
      .enum(['644', '755', '640', '600', '750'])
      .optional()
      .describe('Mode of the files; by default that of the tree.')
  })
  .describe('A file or folder of the tree that is installed as it is.')
export type InstalledFile = z.output<typeof installedFileField>

const extrasField = z.array(z.string().regex(/^[A-Za-z0-9._-]+$/)).describe('Extras of the wheel.')
const requirementsField = z
  .array(relativePathField)
  .describe('Requirements files of the tree; by default what the wheel itself asks for. The lock pins them.')

/** Where the wheel and its dependencies come from, for a package that is made of them. */
const fromWheel = {
  wheel: targetNameField
    .optional()
    .describe('The Python target whose wheel is installed; by default the only one.'),
  extras: extrasField.default([]),
  requirements: requirementsField.default([]),
  files: z.array(installedFileField).default([]).describe('Files of the tree that are installed besides.')
}

const maintainerScripts = ['preinst', 'postinst', 'prerm', 'postrm'] as const

/** `venv:` of a deb target. */
export const venvField = z
  .strictObject({
    package: debianNameField.describe('Name of the package.'),
    prefix: installedPathField.describe('Folder of the virtual environment, such as /usr/lib/herald.'),
    ...fromWheel,
    commands: z
      .record(
        z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._-]*$/, 'expected the name of a command'),
        z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._-]*$/)
      )
      .default({})
      .describe('Commands in /usr/bin, each with the command of the environment that it links to.'),
    services: z
      .array(relativePathField)
      .default([])
      .describe('Units of systemd in the tree; installed, never enabled or started.'),
    conffiles: z
      .array(installedPathField)
      .default([])
      .describe('Configuration files besides those below /etc, which are all.'),
    scripts: z
      .partialRecord(z.enum(maintainerScripts), relativePathField)
      .default({})
      .describe('Maintainer scripts of the tree. They may not fetch anything from a network.'),
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,30}$/, 'expected the name of a system user')
      .optional()
      .describe('System user that is made at installation.'),
    depends: z
      .array(relationField)
      .default([])
      .describe('Besides Python and the shared libraries that are used.'),
    recommends: z.array(relationField).default([]),
    suggests: z.array(relationField).default([]),
    conflicts: z.array(relationField).default([]),
    replaces: z.array(relationField).default([]),
    provides: z.array(relationField).default([]),
    maintainer: oneLineField.describe('As in the field Maintainer: name <address>.'),
    summary: oneLineField.max(80).describe('First line of the description.'),
    description: z.string().max(10_000).default('').describe('What stands below the first line.'),
    section: z
      .string()
      .regex(/^[a-z][a-z/-]*$/)
      .default('python'),
    homepage: oneLineField.optional(),
    revision: z
      .string()
      .regex(/^[A-Za-z0-9.+~]+$/)
      .default('1')
      .describe('Debian revision: the version is VERSION-REVISION.')
  })
  .describe('A package with a virtual environment that holds the wheel and its locked dependencies.')
export type VenvSettings = z.output<typeof venvField>

const userField = z
  .string()
  .regex(/^[a-z0-9_-]+(:[a-z0-9_-]+)?$/, 'expected user or user:group, by name or number')
const variablesField = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(4000))
  .default({})

/** `assemble:` of an image target. */
export const assembleField = z
  .strictObject({
    base: z
      .string()
      .min(1)
      .max(500)
      .default('tagproof-root')
      .describe('Reference of the base image, or tagproof-root: the Debian root that the lock lists.'),
    prefix: installedPathField
      .default('/opt/app')
      .describe('Folder of the virtual environment; its commands come first in PATH.'),
    ...fromWheel,
    entrypoint: z.array(z.string().max(4000)).default([]),
    command: z.array(z.string().max(4000)).default([]),
    user: userField.default('65534:65534'),
    directory: installedPathField.optional().describe('Working directory.'),
    environment: variablesField,
    ports: z.array(z.string().regex(/^[0-9]{1,5}\/(tcp|udp)$/)).default([]),
    volumes: z.array(installedPathField).default([]),
    labels: z.record(z.string().min(1).max(300), z.string().max(4000)).default({})
  })
  .describe(
    'An image that is put together from a base, the wheel, its locked dependencies and files of the tree.'
  )
export type AssembleSettings = z.output<typeof assembleField>

export const platformField = z
  .string()
  .regex(
    /^linux\/(amd64|arm64|arm\/v7|386|ppc64le|riscv64|s390x)$/,
    'expected a platform such as linux/amd64'
  )
const argumentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an ARG')
/** Name in a registry, without a host. */
export const repositoryField = z
  .string()
  .max(200)
  .regex(
    /^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/,
    'expected a name such as ckan/ckan-base'
  )

const suffixField = z
  .string()
  .max(40)
  .regex(/^[~+][A-Za-z0-9][A-Za-z0-9.+~]*$/, 'expected an end of a version, such as ~bookworm1')
  .describe('deb: what the version ends in, with `changelog: tag`: one for each suite, such as ~bookworm1.')

/** Settings of a deb target, as the plan hands them on. */
export const debSettingsField = z.discriminatedUnion('mode', [
  z.strictObject({
    mode: z.literal('debian'),
    changelog: z.enum(['tree', 'tag']),
    suffix: suffixField.optional()
  }),
  z.strictObject({ mode: z.literal('venv'), venv: venvField })
])
export type DebSettings = z.output<typeof debSettingsField>

/** Settings of an image target, as the plan hands them on. */
export const imageSettingsField = z.discriminatedUnion('mode', [
  z.strictObject({
    mode: z.literal('dockerfile'),
    repository: repositoryField,
    /** Relative to the target's folder. */
    dockerfile: relativePathField,
    /** The stage that is built; null for the last one. */
    stage: z.string().max(200).nullable(),
    arguments: z.record(argumentName, z.string().max(4000)),
    /** Empty for that of the machine. */
    platforms: z.array(platformField),
    wheel: targetNameField.optional(),
    extras: extrasField,
    requirements: requirementsField
  }),
  z.strictObject({
    mode: z.literal('assemble'),
    repository: repositoryField,
    platforms: z.array(platformField),
    assemble: assembleField
  })
])
export type ImageSettings = z.output<typeof imageSettingsField>

/** Commands, each as a list of its words. */
export const tryField = z
  .array(z.array(z.string().min(1).max(4000)).min(1).max(100))
  .max(50)
  .describe(
    'Commands that must end with 0 once the package is installed in a clean root; by default its own programs are asked for --help.'
  )

export const adoptField = z
  .strictObject({
    wheels: z
      .string()
      .max(200)
      .regex(
        /^[A-Za-z0-9._+!*?{},[\]-]+$/,
        'expected a glob over file names, such as *-manylinux*_x86_64.whl'
      )
      .describe('Glob over the file names of wheels; at least one must be there.'),
    sets: z
      .union([z.literal(1), z.literal(2)])
      .default(2)
      .describe('In how many independently built sets they must be; of two the bytes are compared.'),
    reason: z
      .string()
      .min(10, 'expected a sentence that says why one set must do')
      .max(1000)
      .optional()
      .describe('Why one set must do; shown in every proof.')
  })
  .refine(({ sets, reason }) => (sets === 1) === (reason !== undefined), {
    path: ['reason'],
    message: 'sets: 1 needs a reason, and sets: 2 has none'
  })
  .describe('Wheels that other jobs build and this release ships.')
export type Adopted = z.output<typeof adoptField>

/** The keys that a target has for one kind alone. */
export const pythonKeys = {
  adopt: z
    .array(adoptField)
    .min(1)
    .max(50)
    .optional()
    .describe('python: wheels that other jobs build, such as those for other platforms.')
}
export const debKeys = {
  changelog: z
    .enum(['tree', 'tag'])
    .optional()
    .describe('deb: take debian/changelog of the tree, or put an entry for the tag on top of it.'),
  suffix: suffixField.optional(),
  venv: venvField.optional()
}
export const imageKeys = {
  repository: repositoryField.optional().describe('image: name in a registry, without its host.'),
  dockerfile: relativePathField
    .optional()
    .describe('image: the Dockerfile, relative to the folder of the target.'),
  stage: z.string().max(200).optional().describe('image: the stage that is built; by default the last one.'),
  arguments: z.record(argumentName, z.string().max(4000)).optional().describe('image: values of ARG.'),
  platforms: z.array(platformField).optional().describe('image: platforms; by default that of the machine.'),
  wheel: targetNameField.optional().describe('image: the Python target whose wheel the Dockerfile gets.'),
  extras: extrasField.optional(),
  requirements: requirementsField
    .optional()
    .describe('image: requirements whose wheels the Dockerfile gets.'),
  assemble: assembleField.optional()
}
