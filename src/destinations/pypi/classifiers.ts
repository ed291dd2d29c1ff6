import type { Upload } from '../../documents/uploads.ts'
import { statedClassifiers, unknownClassifiers } from '../../formats/python/classifiers.ts'
import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import { printable } from '../../platform/printable.ts'
import { requireSameHost } from '../../lock/simple-index.ts'
import type { IndexService } from './services.ts'

const largestList = 4 * 2 ** 20

/**
 * Compares the classifiers of what is to be uploaded with the list of the index itself (`/pypi?:action=list_classifiers`,
 * a line each), since it takes no others: the list that comes with Tagproof may be older than that of the index, or
 * younger. An index that gives out no list has that of Tagproof.
 *
 * @throws TagproofError `project-refused`; of the client
 */
export async function requireKnownClassifiers(
  uploads: readonly Pick<Upload, 'fields'>[],
  { service, http, signal }: { service: IndexService; http: HttpClient; signal?: AbortSignal }
): Promise<void> {
  const stated = new Set(uploads.flatMap(statedClassifiers))
  if (service.kind === 'other' || service.jsonUrl === null || stated.size === 0) return
  const url = new URL('pypi?:action=list_classifiers', service.jsonUrl)
  const answer = await http.read({
    url,
    accept: [404, 410],
    maximumBytes: largestList,
    ...(signal === undefined ? {} : { signal })
  })
  requireSameHost(url, answer.url)
  const listed = answer.status === 200 ? new Set(answer.body.toString('utf8').split('\n')) : null
  const missing =
    listed === null
      ? [...new Set(uploads.flatMap(unknownClassifiers))]
      : [...stated].filter((classifier) => !listed.has(classifier))
  if (missing.length === 0) return
  throw new TagproofError('project-refused', `${service.name} does not have a classifier of this release.`, {
    found: printable(missing.map((classifier) => JSON.stringify(classifier)).join(', ')).slice(0, 500),
    expected:
      listed === null ? 'classifiers of the list of trove-classifiers' : 'classifiers of its own list',
    fix: 'Correct or remove it in the metadata of the project, and tag a new release; a new classifier has to be on the index first.'
  })
}
