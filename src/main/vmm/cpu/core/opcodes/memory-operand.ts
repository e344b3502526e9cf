/**
 * How a case reaches its memory operand. `segmented` is any. The flat kinds (no segment base or limit, natural address
 * size, with or without an index register) look into the TLB in the case itself, and leave what misses it to the rare
 * case that does the same work for any operand.
 */
export type Address = { readonly kind: 'segmented' } | { readonly kind: 'base' | 'indexed'; readonly rare: number };

export const SEGMENTED: Address = { kind: 'segmented' };

const FAULT = 'if (!p) { next = deliverOpFault(op); break; }';

/** Expression of a flat operand's linear address. */
export function addressOf(kind: 'base' | 'indexed'): string {
  return `${kind}Address(op)`;
}

/** Leaves in `p` where to read the operand. */
export function readOperand(type: string, address: Address): string {
  if (address.kind === 'segmented') return `const p = readPointer<${type}>(readAddress<${type}>(op)); ${FAULT}`;
  return pointer(type, 'read', address.kind, address.rare);
}

export function storeOperand(type: string, address: Address, result: string): string {
  if (address.kind !== 'segmented') {
    return `${pointer(type, 'write', address.kind, address.rare)} store<${type}>(p, ${result});`;
  }
  return `const p = writePointer<${type}>(writeAddress<${type}>(op)); ${FAULT} store<${type}>(p, ${result}); commit(p);`;
}

/** Replaces the operand, which is at `p` while `result` is computed. */
export function modifyOperand(type: string, address: Address, result: string): string {
  if (address.kind !== 'segmented') {
    return `${pointer(type, 'write', address.kind, address.rare)} store<${type}>(p, ${result});`;
  }
  return `const p = modifyPointer<${type}>(writeAddress<${type}>(op)); ${FAULT} store<${type}>(p, ${result}); commit(p);`;
}

function pointer(type: string, table: 'read' | 'write', kind: 'base' | 'indexed', rare: number): string {
  return (
    `const at = ${addressOf(kind)}; const entry = ${table}Entry(at); ` +
    `if (misses<${type}>(entry, at)) { next = rare(op, ${rare}); break; } const p = hostPointer(entry, at);`
  );
}
