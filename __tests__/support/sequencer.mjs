import TestSequencer from '@jest/test-sequencer'

/** Minutes of work each, the longest first: what is started last should be short, or one worker waits for the other. */
const long = [
  'real/worlds/root.test.ts',
  'real/targets/three.test.ts',
  'real/python/backends.test.ts',
  'action/five-jobs.test.ts',
  'real/image/worked-example.test.ts',
  'real/deb/debian.test.ts',
  'real/venv/venv.test.ts',
  'real/python/',
  'real/lock/',
  'real/stages/',
  'real/source/plugins.test.ts',
  'real/formats/mutants.test.ts',
  'attacks/',
  'real/',
  'action/'
]

/** A fresh clone knows no durations of earlier runs: tests that take long are begun before those that do not. */
export default class extends TestSequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = long.findIndex((part) => path.includes(`/__tests__/${part}`))
      return at === -1 ? long.length : at
    }
    return super.sort(tests).sort((one, other) => rank(one) - rank(other))
  }
}
