export function romFonts() {
  return { rows8: new Uint8Array(2048), rows14: new Uint8Array(3584), rows16: new Uint8Array(4096) };
}
