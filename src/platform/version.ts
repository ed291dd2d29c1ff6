/** Version of this program, the same as in package.json and CHANGELOG.md (a test holds them together). */
export const version = '0.1.0'
