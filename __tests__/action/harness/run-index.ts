import { createHash } from 'node:crypto'
import { startFakeIndex, type RecordedRequest } from '../../real/support/pypi/fake-index.ts'

/** A token of the project, as its owner would store it as a secret. */
export const indexToken = 'pypi-AgEIlantern0123456789abcdefghijklmnop'

/** What tests see of the index: which files it gives out, what it was asked, and how many tokens it has minted that still count. */
export interface IndexView {
  upload: string
  simple: string
  files: { name: string; sha256: string }[]
  requests: RecordedRequest[]
  minted: number
}

export type IndexControl = { do: 'index' } | { do: 'empty-index' }

/** The package index beside the services of a run: it knows the project, whose workflow is a trusted publisher. */
export async function startRunIndex(
  issuer: string
): Promise<{ control: (command: IndexControl) => IndexView }> {
  const index = await startFakeIndex({ issuers: [issuer], tokens: { [indexToken]: {} } })
  index.project('lantern')
  index.publisher('lantern')
  return {
    control: (command) => {
      if (command.do === 'empty-index') {
        index.files.clear()
        index.state.projects.get('lantern')?.releases.clear()
        index.requests.length = 0
      }
      return {
        upload: index.uploadUrl.href,
        simple: index.simpleUrl.href,
        files: [...index.files.values()].map(({ name, bytes }) => ({
          name,
          sha256: createHash('sha256').update(bytes).digest('hex')
        })),
        requests: [...index.requests],
        minted: [...index.state.tokens.values()].filter(({ kind }) => kind === 'publisher').length
      }
    }
  }
}
