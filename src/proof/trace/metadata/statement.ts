import type { Requirement } from './requirement.ts'
import type { VersionRange } from './specifiers.ts'

/**
 * What a project says of one property. `firm`: it is this value and no other. Not firm: code may say something else,
 * which has to be confirmed. A value of undefined: code alone says it.
 */
export interface Stated<T> {
  value: T | undefined
  firm: boolean
  /** Files of the tree that say it. */
  from: readonly string[]
}

export interface Person {
  name: string | null
  email: string | null
}

/** The properties of a project, in the terms of `[project]` (PEP 621). */
export interface Properties {
  name: string
  version: string
  summary: string
  /** Texts that the description may be: backends differ in how they join several files. */
  readme: readonly string[]
  readmeType: string
  requiresPython: VersionRange
  /** Texts that a backend may print as licence: the expression, the text, the content of the file. */
  license: readonly string[]
  authors: readonly Person[]
  maintainers: readonly Person[]
  keywords: readonly string[]
  classifiers: readonly string[]
  /** Label and address. */
  urls: readonly (readonly [string, string])[]
  dependencies: readonly Requirement[]
  /** Requirements by extra, their markers without the extra. */
  optionalDependencies: ReadonlyMap<string, readonly Requirement[]>
  /** Value by name, by group. */
  entryPoints: ReadonlyMap<string, ReadonlyMap<string, string>>
  platforms: readonly string[]
  importNames: readonly string[]
  dependencyLinks: readonly string[]
  namespacePackages: readonly string[]
  /** `Provides`, `Requires`, `Obsoletes` and their `-Dist` and `-External` kin: of old projects. */
  otherRelations: readonly string[]
}

export type PropertyName = keyof Properties

export type Statement = { [Name in PropertyName]?: Stated<Properties[Name]> }

/** All that the tree says of a project. */
export interface ProjectStatement {
  properties: Statement
  /** What a property that is not stated is: said by code, or not said at all. */
  rest: 'code' | 'nothing'
  /** Files that say it, the main one first. */
  from: readonly string[]
  /** Classifiers that the backend adds by itself. */
  addsClassifiers: boolean
}

export function firmly<T>(value: T, ...from: readonly string[]): Stated<T> {
  return { value, firm: true, from }
}

export function byCode<T>(value: T | undefined, ...from: readonly string[]): Stated<T> {
  return { value, firm: false, from }
}

/** What is said of a property; undefined where nobody says anything. */
export function statedOf<Name extends PropertyName>(
  statement: ProjectStatement,
  name: Name
): Stated<Properties[Name]> | undefined {
  const stated: Stated<Properties[Name]> | undefined = statement.properties[name]
  if (stated !== undefined) return stated
  return statement.rest === 'code' ? byCode<Properties[Name]>(undefined, ...statement.from) : undefined
}
