/**
 * A count of a refcount block, 2^`order` bits wide. Those narrower than a byte are packed from the least significant bit
 * on; the others are big endian.
 */
export function readRefcount(block: DataView, index: number, order: number): number {
  if (order === 4) return block.getUint16(index * 2);
  if (order === 5) return block.getUint32(index * 4);
  if (order === 6) return block.getUint32(index * 8) * 2 ** 32 + block.getUint32(index * 8 + 4);
  const bits = 2 ** order;
  return (block.getUint8((index * bits) >> 3) >> ((index * bits) & 7)) & (2 ** bits - 1);
}

export function writeRefcount(block: DataView, index: number, order: number, count: number): void {
  if (order === 4) return block.setUint16(index * 2, count);
  if (order === 5) return block.setUint32(index * 4, count);
  if (order === 6) {
    block.setUint32(index * 8, Math.floor(count / 2 ** 32));
    return block.setUint32(index * 8 + 4, count % 2 ** 32);
  }
  const bits = 2 ** order;
  const shift = (index * bits) & 7;
  const at = (index * bits) >> 3;
  block.setUint8(at, (block.getUint8(at) & ~((2 ** bits - 1) << shift)) | (count << shift));
}

/** The largest count a width can hold, as far as numbers are exact. */
export function maxRefcount(order: number): number {
  return order === 6 ? Number.MAX_SAFE_INTEGER : 2 ** (2 ** order) - 1;
}
