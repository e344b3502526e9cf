/** An instruction's encoding, taken apart from the manual's notation. */
export interface Encoding {
  /** Mandatory prefix; `any` when prefixes only modify, `none` when their absence selects. */
  readonly prefix: 'any' | 'none' | '66' | 'F3' | 'F2';
  /** 0 one-byte, 1 = 0F, 2 = 0F 38, 3 = 0F 3A. */
  readonly map: 0 | 1 | 2 | 3;
  readonly opcode: number;
  /** The low three opcode bits are a register. */
  readonly registerInOpcode: boolean;
  readonly modrm: boolean;
  /** ModR/M.reg, when it extends the opcode. */
  readonly digit: number | undefined;
  /** The whole ModR/M byte, when it extends the opcode. */
  readonly modrmByte: number | undefined;
  /** As `modrmByte`, its low three bits being an operand. */
  readonly registerInModrm: boolean;
  /** Only the memory or only the register form of ModR/M. */
  readonly only: 'memory' | 'register' | undefined;
  readonly rexW: boolean | undefined;
}

const PREFIXES = { 'NP': 'none', '66': '66', 'F3': 'F3', 'F2': 'F2' } as const;

/** @param x87 the byte after the escape opcode D8–DF is ModR/M */
export function parseEncoding(text: string, x87 = false): Encoding {
  const words = text.split(/\s+/);
  let prefix: Encoding['prefix'] = 'any';
  if (words.length > 1 && words[0]! in PREFIXES) prefix = PREFIXES[words.shift() as keyof typeof PREFIXES];
  let rexW: boolean | undefined;
  const w = words.findIndex((word) => /^REX\.W|^W0$/.test(word));
  if (w >= 0) rexW = words.splice(w, 1)[0] !== 'W0';
  let map: Encoding['map'] = 0;
  if (words[0] === '0F') {
    words.shift();
    map = ({ '38': 2, '3A': 3 } as const)[words[0] as string] ?? 1;
    if (map > 1) words.shift();
  }
  const first = words.shift()!;
  const encoding = {
    prefix,
    map,
    opcode: parseInt(first, 16),
    registerInOpcode: first.endsWith('+r'),
    modrm: false,
    digit: undefined,
    modrmByte: undefined,
    registerInModrm: false,
    only: undefined,
    rexW,
  } satisfies Encoding;
  const tail = words.find((word) => word !== 'ib');
  if (tail === undefined) return encoding;
  return { ...encoding, modrm: true, ...(x87 ? x87Tail(tail) : modrmTail(tail)) };
}

function modrmTail(tail: string): Partial<Encoding> {
  const match = /^\/(r|[0-7]|[0-9A-F]{2})(m|r)?$/.exec(tail);
  if (!match) throw new Error(`encoding tail ${tail}`);
  const [, what, only] = match as unknown as [string, string, string | undefined];
  if (what.length === 2) return { modrmByte: parseInt(what, 16) };
  return {
    digit: what === 'r' ? undefined : Number(what),
    only: only === 'm' ? 'memory' : only === 'r' ? 'register' : undefined,
  };
}

function x87Tail(tail: string): Partial<Encoding> {
  const memory = /^\/([0-7])$/.exec(tail);
  if (memory) return { digit: Number(memory[1]), only: 'memory' };
  const register = /^([0-9A-F]{2})(\+i)?$/.exec(tail);
  if (!register) throw new Error(`x87 encoding ${tail}`);
  return { modrmByte: parseInt(register[1]!, 16), registerInModrm: register[2] !== undefined };
}
