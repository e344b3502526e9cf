/** Splits a file name so that CSS can shorten the first part and keep the end with its extension. */
export function splitForEllipsis(name: string): { head: string; tail: string } {
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && name.length - dot <= 8 ? name.length - dot : 0;
  const tailLength = Math.min(name.length, extension + 4);
  return { head: name.slice(0, name.length - tailLength), tail: name.slice(name.length - tailLength) };
}
