import type { VariationName } from '../documents/fields.ts'

/** How a variation is called in a sentence (`follows …`), and what helps against following it. */
export const variationText: Readonly<Record<VariationName, { what: string; fix: string }>> = {
  'build-path': {
    what: 'the path of the build folder',
    fix: 'Work with paths relative to the project; do not write or compare absolute ones.'
  },
  home: { what: 'the home folder of the builder', fix: 'Do not look into HOME during a build.' },
  'user-id': { what: 'the user id of the builder', fix: 'Do not look at user ids or names during a build.' },
  'host-name': {
    what: 'the name of the building machine',
    fix: 'Do not look at the host name during a build.'
  },
  timezone: {
    what: 'the time zone',
    fix: 'Use UTC: time.gmtime, datetime.timezone.utc.'
  },
  locale: {
    what: 'the locale',
    fix: 'Open files with encoding="utf-8", sort with a key of your own, and parse what programs print with LC_ALL=C.UTF-8.'
  },
  umask: {
    what: 'the umask',
    fix: 'Set modes explicitly (os.chmod), and do not rely on files being readable by others.'
  },
  'hash-seed': {
    what: 'the hash seed of the process (the order of sets)',
    fix: 'Sort sets before they are written or numbered: sorted(the_set).'
  },
  clock: {
    what: 'the clock',
    fix: 'Use int(os.environ["SOURCE_DATE_EPOCH"]), the time of the tagged commit, instead of the clock.'
  },
  'directory-order': {
    what: 'the order in which folders list their files',
    fix: 'Sort what os.listdir, os.scandir, glob or Path.iterdir return.'
  },
  cpus: {
    what: 'the number of processors',
    fix: 'Do not let the number of processors or threads decide what is made.'
  },
  'path-tail': {
    what: 'the search path PATH',
    fix: 'Name programs of the build as locked requirements; do not search PATH for what may be there.'
  },
  'scrambled-files': {
    what: 'files that nobody can review, or that lie under tests, docs or examples (scrambled in world b)',
    fix: 'Keep such files out of the build, declare a pair under `generated:`, or declare them under `inputs:` with a reason.'
  }
}
