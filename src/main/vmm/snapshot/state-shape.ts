/** Longest list a device state may have, if the template's is shorter. */
const MAX_LIST = 65_536;

/**
 * Whether `value`, which comes from a file, can be given to code that expects something like `template`: the same keys,
 * values of the same kinds, numbers finite where they are, byte arrays as long. What may be absent is `null` or
 * `undefined` on either side; what it then holds on the other is only plain data.
 * @returns where they differ, `undefined` if nowhere
 */
export function shapeDifference(template: unknown, value: unknown, place = 'state'): string | undefined {
  if (template === null || template === undefined || value === null || value === undefined) return undefined;
  if (template instanceof Uint8Array) return bytesDifference(template, value, place);
  if (Array.isArray(template)) return listDifference(template, value, place);
  if (typeof template !== typeof value) return place;
  if (typeof template === 'number') return Number.isNaN(value) ? place : undefined;
  if (typeof template !== 'object') return undefined;
  if (value instanceof Uint8Array || Array.isArray(value)) return place;
  return keysDifference(template as Record<string, unknown>, value as Record<string, unknown>, place);
}

/** Empty stands for "not in use". */
function bytesDifference(template: Uint8Array, value: unknown, place: string): string | undefined {
  if (!(value instanceof Uint8Array)) return place;
  const fits = value.length === template.length || value.length === 0 || template.length === 0;
  return fits ? undefined : place;
}

function listDifference(template: readonly unknown[], value: unknown, place: string): string | undefined {
  if (!Array.isArray(value) || value.length > Math.max(template.length, MAX_LIST)) return place;
  for (const [i, part] of value.entries()) {
    const difference = shapeDifference(template[Math.min(i, template.length - 1)], part, `${place}[${i}]`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function keysDifference(
  template: Record<string, unknown>,
  value: Record<string, unknown>,
  place: string,
): string | undefined {
  for (const key of Object.keys(value)) if (!Object.hasOwn(template, key)) return `${place}.${key}`;
  for (const [key, part] of Object.entries(template)) {
    if (!Object.hasOwn(value, key)) {
      if (part === undefined) continue;
      return `${place}.${key}`;
    }
    const difference = shapeDifference(part, value[key], `${place}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}
