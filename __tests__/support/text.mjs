/** Hands programs in other languages to tests as text, as the bundle does. */
export default {
  process: (text) => ({ code: `module.exports = ${JSON.stringify(text)}` })
}
