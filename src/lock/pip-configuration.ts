import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseIni } from '../formats/ini.ts'

/** Where the user's pip takes packages from, by the rules of pip itself (pip documentation, "Configuration"). */
export interface PipConfiguration {
  /** Null: whatever pip uses by default. */
  indexUrl: string | null
  extraIndexUrls: string[]
  findLinks: string[]
  noIndex: boolean
  trustedHosts: string[]
  proxy: string | null
  /** File of certificates. */
  cert: string | null
  timeout: string | null
  retries: string | null
}

type Variables = Readonly<Record<string, string | undefined>>

/** Reads the files in pip's order of precedence (global, user, `PIP_CONFIG_FILE`), then the `PIP_*` variables. */
export async function readPipConfiguration(environment: Variables = process.env): Promise<PipConfiguration> {
  const texts = await Promise.all(
    pipConfigurationFiles(environment).map((file) => readFile(file, 'utf8').catch(() => ''))
  )
  return mergePipConfiguration(texts.map(parsePipConfiguration), environment)
}

export function pipConfigurationFiles(environment: Variables): string[] {
  const own = environment.PIP_CONFIG_FILE
  if (own === os.devNull) return []
  const home = environment.HOME ?? os.homedir()
  const system = (environment.XDG_CONFIG_DIRS ?? '/etc/xdg')
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, 'pip/pip.conf'))
  return [
    ...system,
    '/etc/pip.conf',
    path.join(home, '.pip/pip.conf'),
    path.join(environment.XDG_CONFIG_HOME ?? path.join(home, '.config'), 'pip/pip.conf'),
    ...(environment.VIRTUAL_ENV === undefined ? [] : [path.join(environment.VIRTUAL_ENV, 'pip.conf')]),
    ...(own === undefined || own === '' ? [] : [own])
  ]
}

/** Values of pip's configuration by `section.key`, the key spelled with `-`. */
export function parsePipConfiguration(text: string): Map<string, string> {
  return new Map(
    [...parseIni(text)].flatMap(([section, settings]) =>
      [...settings].map(([key, value]): [string, string] => [
        `${section.trim()}.${key.toLowerCase().replaceAll('_', '-')}`,
        value.trim()
      ])
    )
  )
}

/** Later files win over earlier ones, a section for `install` over `global`, variables over all. */
export function mergePipConfiguration(
  files: readonly ReadonlyMap<string, string>[],
  environment: Variables
): PipConfiguration {
  const value = (key: string): string | null => {
    const variable = environment[`PIP_${key.toUpperCase().replaceAll('-', '_')}`]
    if (variable !== undefined && variable !== '') return variable
    for (const section of ['install', 'global'])
      for (const file of [...files].reverse()) {
        const found = file.get(`${section}.${key}`)
        if (found !== undefined && found !== '') return found
      }
    return null
  }
  const list = (key: string): string[] => (value(key) ?? '').split(/\s+/).filter((item) => item !== '')
  const certificates = [environment.REQUESTS_CA_BUNDLE, environment.CURL_CA_BUNDLE, environment.SSL_CERT_FILE]
  return {
    indexUrl: value('index-url'),
    extraIndexUrls: list('extra-index-url'),
    findLinks: list('find-links'),
    noIndex: /^(1|true|yes|on|t|y)$/i.test(value('no-index') ?? ''),
    trustedHosts: list('trusted-host'),
    proxy: value('proxy'),
    cert: value('cert') ?? certificates.find((file) => file !== undefined && file !== '') ?? null,
    timeout: value('timeout') ?? value('default-timeout'),
    retries: value('retries')
  }
}
