import type { GitProject } from '../real/source/git-project.ts'

export interface TagMove {
  how: string
  code: 'tag-moved' | 'tag-missing'
  /** Moves the tag off the commit that is built; `innocent` is another one. */
  move: (project: GitProject, innocent: string) => Promise<unknown>
}

export const movedTag = {
  name: 'moved-tag',
  rows: '14',
  title: 'The tag is moved once its commit is built: reviewers see another one',
  caughtBy:
    'Source: the tag is resolved once, object and commit, and again by prove and before the first write.',
  moves: [
    {
      how: 'to another commit',
      code: 'tag-moved',
      move: ({ git }, innocent) => git('tag', '-f', '-a', '-m', 'v1.2.3', 'v1.2.3', innocent)
    },
    {
      how: 'to another commit, without an object of its own',
      code: 'tag-moved',
      move: ({ git }, innocent) => git('tag', '-f', 'v1.2.3', innocent)
    },
    {
      how: 'to another tag object on the same commit, with another message',
      code: 'tag-moved',
      move: ({ git }) => git('tag', '-f', '-a', '-m', 'Another message', 'v1.2.3', 'HEAD~1')
    },
    {
      how: 'away: the annotated tag becomes a lightweight one on the same commit',
      code: 'tag-moved',
      move: ({ git }) => git('tag', '-f', 'v1.2.3', 'HEAD~1')
    },
    {
      how: 'away altogether',
      code: 'tag-missing',
      move: ({ git }) => git('tag', '-d', 'v1.2.3')
    }
  ] satisfies readonly TagMove[]
}
