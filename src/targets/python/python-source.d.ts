/** Programs in Python are text: the bundle carries them, the sandbox's interpreter runs them. */
declare module '*.py' {
  const text: string
  export default text
}
