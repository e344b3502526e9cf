/**
 * Machine code as an assembler lists it: each line the bytes of an instruction in hexadecimal, then `;` and its source.
 * The source is for the reader; the bytes are what runs.
 */
export function listing(strings: TemplateStringsArray): Uint8Array {
  const bytes = strings[0]!.split('\n').flatMap((line) => line.split(';')[0]!.trim().split(/\s+/).filter(Boolean));
  return Uint8Array.from(bytes, (byte) => {
    if (!/^[0-9a-f]{2}$/.test(byte)) throw new SyntaxError(`'${byte}' is no byte of a listing`);
    return parseInt(byte, 16);
  });
}
