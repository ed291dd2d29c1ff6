import { z } from 'zod'

/** A credential goes there: over TLS, or to this machine alone. */
export const secureUrlField = z
  .string()
  .max(400)
  .regex(
    /^(https:\/\/[^\s@?#/\\]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?)(\/[^\s?#\\]*)?$/,
    'expected an https URL (http to this machine alone) without user name, query or fragment'
  )

export const folderField = z
  .string()
  .min(1)
  .max(500)
  // eslint-disable-next-line no-control-regex -- a path that moves the cursor is none
  .regex(/^[^\0-\x1f\x7f]+$/, 'expected the path of a folder')

/** What stands in braces in every template of a name; `series` is major.minor. */
export const versionPlaceholders = ['version', 'major', 'minor', 'patch', 'series', 'tag'] as const

/** A name with placeholders, as a path that stays where it is. */
export function nameTemplate(placeholders: readonly string[]): z.ZodString {
  const known = [...versionPlaceholders, ...placeholders]
  return z
    .string()
    .min(1)
    .max(200)
    .regex(
      new RegExp(`^(?!/)(?!.*(//|/$))([A-Za-z0-9._~+@=,/-]|\\{(${known.join('|')})\\})+$`),
      `expected a name of letters, digits and . _ ~ + @ = , - with ${known.map((name) => `{${name}}`).join(', ')}`
    )
    .regex(/^(?!.*(^|\/)\.\.?(\/|$))/, 'expected a name without . or .. as a folder')
}

/**
 * A key of another kind would do nothing, and be mistaken for a rule.
 *
 * @param keys those that each kind has
 * @param whose such as `a store`
 */
export function refuseForeignKeys(
  value: Readonly<Record<string, unknown>>,
  kind: string,
  keys: Readonly<Record<string, object>>,
  whose: string,
  context: z.core.$RefinementCtx
): void {
  const all = new Set(Object.values(keys).flatMap((some) => Object.keys(some)))
  for (const key of all) {
    if (value[key] === undefined || Object.hasOwn(keys[kind] ?? {}, key)) continue
    const owners = Object.keys(keys).filter((owner) => Object.hasOwn(keys[owner] ?? {}, key))
    context.addIssue({
      code: 'custom',
      path: [key],
      message: `expected no such key: only ${whose} of kind ${owners.join(' or ')} has it`
    })
  }
}
