/** What the index does to a build requirement once the project has locked it. */
export const foreignRequirement = {
  name: 'foreign-requirement',
  rows: '12',
  title: 'A build requirement is another one on the day of the release',
  caughtBy: 'The lock: each file by its hash, and nothing that it does not name.',
  variants: [
    {
      how: 'a higher version on a second index shadows it',
      reported: 'nothing to work with: the build gets the version that the lock names'
    },
    {
      how: 'a higher version on the same index',
      reported: 'nothing to work with: the build gets the version that the lock names'
    },
    {
      how: 'other bytes under the same name',
      reported: 'error `hash-mismatch`, `network` or `input-missing`'
    },
    { how: 'the project asks for one more than the lock has', reported: 'error `lock-incomplete`' }
  ]
} as const
