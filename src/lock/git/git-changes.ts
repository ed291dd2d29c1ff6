import type { GitLock } from '../../documents/git-inputs.ts'
import type { Lock } from '../../documents/lock.ts'

/** What changed between the git inputs of two locks, a line each. Pure. */
export function gitChanges(previous: Lock['git'] = {}, next: Lock['git'] = {}): string[] {
  const names = [...new Set([...Object.keys(previous), ...Object.keys(next)])].sort()
  return names.flatMap((name) => changesOf(`git input ${name}`, previous[name], next[name]))
}

function changesOf(title: string, before: GitLock | undefined, now: GitLock | undefined): string[] {
  if (now === undefined) return [`${title}: removed`]
  if (before === undefined)
    return [`${title}: new, ${now.url} ${now.ref}, commit ${now.commit}, ${now.files} files`]
  const lines: string[] = []
  if (before.url !== now.url) lines.push(`${title}: repository ${before.url} → ${now.url}`)
  if (before.path !== now.path) lines.push(`${title}: path ${before.path} → ${now.path}`)
  if (before.ref !== now.ref) lines.push(`${title}: ${before.ref} → ${now.ref}`)
  if (before.commit !== now.commit) {
    // A tag stands still; a branch goes on.
    const moved = before.ref === now.ref && now.ref.startsWith('refs/tags/') && before.url === now.url
    lines.push(
      `${title}: commit ${before.commit} → ${now.commit}${moved ? ', and the tag is THE SAME: it was moved' : ''}`
    )
  } else if (before.tree !== now.tree || (before.path === now.path && before.sha256 !== now.sha256))
    lines.push(
      `${title}: the commit ${now.commit} has OTHER FILES: ${before.sha256.slice(0, 12)}… → ${now.sha256.slice(0, 12)}…`
    )
  return lines
}

/** Each git input as a line. Pure. */
export function explainGit(git: Lock['git'] = {}): string[] {
  return Object.entries(git)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(
      ([name, { url, ref, path, commit, files, size }]) =>
        `git input ${name}: ${url} ${ref}, commit ${commit}, ${path === '.' ? 'all' : path}: ${files} files, ${(size / 1e6).toFixed(1)} MB`
    )
}
