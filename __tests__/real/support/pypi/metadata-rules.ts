import { clean } from '@renovatebot/pep440'
import { Refusal } from './refusal.ts'

const metadataVersions = ['1.0', '1.1', '1.2', '2.1', '2.2', '2.3', '2.4', '2.5']
const descriptionTypes = ['text/plain', 'text/x-rst', 'text/markdown']

/** All values of a field of the form, in order. */
export type Values = (name: string) => string[]

/** The form itself: what must be there, and once. @throws Refusal 400 */
export function checkForm(values: Values): {
  name: string
  version: string
  filetype: 'sdist' | 'bdist_wheel'
} {
  const refuse = (field: string, error: string): Refusal =>
    new Refusal(400, `Invalid value for ${field}. Error: ${error}`)
  if ((values('protocol_version')[0] ?? '1') !== '1') throw new Refusal(400, 'Unknown protocol version.')
  const single = (field: string): string => {
    const [value = '', ...more] = values(field)
    if (value === '' || more.length > 0) throw refuse(field, 'This field is required.')
    return value
  }
  const metadataVersion = single('metadata_version')
  if (!metadataVersions.includes(metadataVersion))
    throw refuse('metadata_version', `'${metadataVersion}' is not a valid metadata version`)
  const name = single('name')
  if (!/^([a-z0-9]|[a-z0-9][a-z0-9._-]*[a-z0-9])$/i.test(name))
    throw refuse('name', 'Start and end with a letter or numeral.')
  const version = single('version')
  if (clean(version) === null) throw refuse('version', `'${version}' is not valid according to PEP 440.`)
  const filetype = single('filetype')
  const pyversion = single('pyversion')
  if (filetype !== 'sdist' && filetype !== 'bdist_wheel') throw refuse('filetype', 'Use a known file type.')
  if ((filetype === 'sdist') !== (pyversion === 'source'))
    throw refuse('pyversion', "Use 'source' as Python version for an sdist, and a tag for a wheel.")
  checkDigests(values, refuse)
  return { name, version, filetype }
}

function checkDigests(values: Values, refuse: (field: string, error: string) => Refusal): void {
  const digests = { sha256_digest: 64, blake2_256_digest: 64, md5_digest: 32 }
  let given = 0
  for (const [field, length] of Object.entries(digests)) {
    const [value = ''] = values(field)
    if (value !== '' && !new RegExp(`^[0-9a-f]{${length}}$`, 'i').test(value))
      throw refuse(field, 'Use a valid, hex-encoded message digest.')
    given += value === '' ? 0 : 1
  }
  if (given === 0) throw new Refusal(400, 'Error: Include at least one message digest.')
}

/** What the index asks of metadata beyond the specification. @throws Refusal 400 */
export function checkMetadata(values: Values, version: string): void {
  const refuse = (text: string): Refusal => new Refusal(400, `${text} See the core metadata specification.`)
  if (clean(version)?.includes('+') === true)
    throw refuse(`The use of local versions in '${version}' is not allowed.`)
  if ((values('summary')[0] ?? '').length > 512)
    throw refuse("'summary' field must be 512 characters or less.")
  for (const url of values('project_urls')) {
    const [label = '', address] = url.split(/, ?/, 2)
    if (address === undefined || !URL.canParse(address)) throw refuse(`'${url}' is not a valid url`)
    if (label.length > 32) throw refuse(`'${label}' must be 32 characters or less.`)
  }
  for (const requirement of values('requires_dist'))
    if (requirement.includes('@')) throw refuse(`Can't have direct dependency: ${requirement}`)
  if (values('license').length > 0 && values('license_expression').length > 0)
    throw refuse('License is deprecated when License-Expression is present.')
  const [type] = (values('description_content_type')[0] ?? 'text/x-rst').split(';')
  if ((values('description')[0] ?? '') !== '' && !descriptionTypes.includes(type?.trim() ?? ''))
    throw refuse(`The description failed to render for '${type ?? ''}'.`)
}
