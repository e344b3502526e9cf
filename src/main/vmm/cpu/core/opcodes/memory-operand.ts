/**
 * How a case reaches its memory operand. `segmented` is any; the other two are flat operands (no segment base or limit,
 * natural address size) with and without an index register, and look into the TLB in the case itself.
 */
export type AddressKind = 'segmented' | 'base' | 'indexed';

const FAULT = 'if (!p) { next = deliverOpFault(op); break; }';

/** Expression of a flat operand's linear address. */
export function addressOf(kind: 'base' | 'indexed'): string {
  return `${kind}Address(op)`;
}

/** Leaves in `p` where to read the operand. */
export function readOperand(type: string, kind: AddressKind): string {
  if (kind === 'segmented') return `const p = readPointer<${type}>(readAddress<${type}>(op)); ${FAULT}`;
  return pointer(type, kind, 'read', `readMiss(at, sizeof<${type}>())`);
}

export function storeOperand(type: string, kind: AddressKind, result: string): string {
  if (kind === 'segmented') {
    return `const p = writePointer<${type}>(writeAddress<${type}>(op)); ${FAULT} store<${type}>(p, ${result}); commit(p);`;
  }
  return (
    `const at = ${addressOf(kind)}; const entry = writeEntry(at); ` +
    `if (!misses<${type}>(entry, at)) store<${type}>(hostPointer(entry, at), ${result}); ` +
    `else if (!storeMiss<${type}>(at, ${result})) { next = deliverOpFault(op); break; }`
  );
}

/** Replaces the operand, which is at `p` while `result` is computed. */
export function modifyOperand(type: string, kind: AddressKind, result: string): string {
  const fetch =
    kind === 'segmented'
      ? `const p = modifyPointer<${type}>(writeAddress<${type}>(op)); ${FAULT}`
      : pointer(type, kind, 'write', `modifyMiss(at, sizeof<${type}>())`);
  return `${fetch} store<${type}>(p, ${result}); commit(p);`;
}

function pointer(type: string, kind: 'base' | 'indexed', table: 'read' | 'write', miss: string): string {
  return (
    `const at = ${addressOf(kind)}; const entry = ${table}Entry(at); let p = hostPointer(entry, at); ` +
    `if (misses<${type}>(entry, at)) { p = ${miss}; ${FAULT} }`
  );
}
