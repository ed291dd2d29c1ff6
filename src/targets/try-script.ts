/**
 * A shell script that runs commands one after the other, whatever comes of them. Of command N it leaves the output in
 * `N.log` and the exit status in `N.code` of the output folder.
 */
export function tryScript(commands: readonly (readonly string[])[]): string {
  return commands
    .map((argv, at) => {
      const command = argv.map(quoted).join(' ')
      const log = `"$OUT_DIR/${at}.log"`
      return `(${command}) >${log} 2>&1 </dev/null; echo "$?" >"$OUT_DIR/${at}.code"; tail -n 5 ${log}`
    })
    .concat('exit 0')
    .join('\n')
}

/** A word that the shell takes as it is. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
