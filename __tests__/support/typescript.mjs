/** Takes the types out of TypeScript, as Node does where it runs a source itself: lines and columns stay as they are. */
import { stripTypeScriptTypes } from 'node:module'

export default {
  process: (text) => ({ code: stripTypeScriptTypes(text) })
}
