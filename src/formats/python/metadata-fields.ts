/** Versions of core metadata that the package index takes (warehouse, `forklift/metadata.py`), oldest first. */
export const metadataVersions = ['1.0', '1.1', '1.2', '2.1', '2.2', '2.3', '2.4', '2.5'] as const
export type MetadataVersion = (typeof metadataVersions)[number]

export interface MetadataField {
  /** Name in lower case. */
  header: string
  /** Name in the upload form. */
  form: string
  /** Whether it may be there several times. */
  several: boolean
  /** The version of core metadata that brought it. */
  added: MetadataVersion
}

const table = `
metadata-version         metadata_version         once     1.0
name                     name                     once     1.0
version                  version                  once     1.0
dynamic                  dynamic                  several  2.2
platform                 platform                 several  1.0
supported-platform       supported_platform       several  1.1
summary                  summary                  once     1.0
description              description              once     1.0
description-content-type description_content_type once     2.1
keywords                 keywords                 once     1.0
home-page                home_page                once     1.0
download-url             download_url             once     1.1
author                   author                   once     1.0
author-email             author_email             once     1.0
maintainer               maintainer               once     1.2
maintainer-email         maintainer_email         once     1.2
license                  license                  once     1.0
license-expression       license_expression       once     2.4
license-file             license_file             several  2.4
classifier               classifiers              several  1.1
requires-dist            requires_dist            several  1.2
requires-python          requires_python          once     1.2
requires-external        requires_external        several  1.2
project-url              project_urls             several  1.2
provides-extra           provides_extra           several  2.1
provides-dist            provides_dist            several  1.2
obsoletes-dist           obsoletes_dist           several  1.2
import-name              import_name              several  2.5
import-namespace         import_namespace         several  2.5
requires                 requires                 several  1.1
provides                 provides                 several  1.1
obsoletes                obsoletes                several  1.1
`

/**
 * The fields of core metadata and what the upload form calls them (packaging.python.org, "Core metadata specifications"
 * and the index's "Upload API"), in the order in which they are sent.
 */
export const metadataFields: readonly MetadataField[] = table
  .trim()
  .split('\n')
  .map((line) => {
    const [header = '', form = '', times, added = ''] = line.split(/ +/)
    return { header, form, several: times === 'several', added: added as MetadataVersion }
  })

/** Place of a version among those the index takes; -1 for another one. */
export function metadataAge(version: string): number {
  return metadataVersions.findIndex((known) => known === version)
}
