import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTestVcpu } from '../../../src/testing/interpreter.js';
import { codeOf } from './case-info.js';
import { emptyMemory, putBack } from './case-memory.js';
import { compareOutcome } from './compare.js';
import { Generator } from './generate/generator.js';
import { EngineTarget } from './guest/engine-target.js';
import { keepDifference } from './kept.js';
import { minimise } from './minimise.js';
import { AFTER_OF_REGISTER, RECORD, START_OF_REGISTER } from './record.js';
import { decodeRecording } from './recording.js';
import { Session, type Difference } from './session.js';
import type { Target } from './target.js';

const RDX = 2;
const R9 = 9;
const MASK = 0xffn;

/** What stands for the processor. */
class Reference implements Target {
  readonly name = 'reference';
  readonly memory = emptyMemory();
  private readonly engine = new EngineTarget(createTestVcpu);

  run(first: number, count: number): void {
    this.engine.copyFrom(this.memory);
    this.engine.run(first, count);
    putBack(this.memory, this.engine.memory);
  }
}

/** An engine with a defect: where RDX starts with FFh, BSWAP somewhere in a case spoils R9. */
class Defective extends EngineTarget {
  constructor() {
    super(createTestVcpu);
  }

  override run(first: number, count: number): void {
    super.run(first, count);
    for (let i = first; i < first + count; i++) {
      const view = new DataView(this.memory.records.buffer, this.memory.records.byteOffset + i * RECORD.bytes);
      const at = view.getUint32(RECORD.rip, true) - 0x6000_0000;
      const code = Buffer.from(this.memory.code.subarray(at, at + 40)).toString('hex');
      if (!/^(..)*0fc[89ab]/.test(code) || (view.getBigUint64(START_OF_REGISTER[RDX]!, true) & MASK) !== MASK) continue;
      const register = AFTER_OF_REGISTER[R9]!;
      view.setBigUint64(register, view.getBigUint64(register, true) ^ 1n, true);
    }
  }
}

/** A difference of a sequence of several instructions. */
function findOne(session: Session): Difference {
  for (;;) {
    const found = session.batch().find(({ info, fields }) => info.steps.length > 2 && fields[0]!.field === 'r9');
    if (found) return found;
  }
}

describe('a minimised difference', () => {
  const reference = new Reference();
  const session = new Session(reference, new Defective(), new Generator(5, reference.memory));
  const minimised = minimise(session, findOne(session));

  it('has no instruction left but the one that matters', () => {
    const code = Buffer.from(codeOf(minimised.info)).toString('hex');
    expect(code).toMatch(/^(90)*(f2|f3|6[4-7]|2e|36|3e|26|f0|4[0-9a-f])*0fc[89ab](90)*$/);
    expect(minimised.fields.map(({ field }) => field)).toEqual(['r9']);
  });

  it('has no state left but what matters', () => {
    const record = new DataView(minimised.start.records.buffer);
    const registers = START_OF_REGISTER.map((at) => record.getBigUint64(at, true));
    expect(registers[RDX]! & MASK).toBe(MASK);
    expect(registers.filter((value, register) => register !== RDX && register !== 4 && value !== 0n)).toEqual([]);
    expect(minimised.start.frames.some((byte) => byte !== 0)).toBe(false);
  });

  it('is kept as a case that an engine passes or fails', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'oracle-'));
    try {
      const file = keepDifference(minimised, 'bswap', folder);
      const { before, after, infos } = decodeRecording(readFileSync(file));
      const fieldsOn = (engine: EngineTarget): string[] => {
        engine.copyFrom(before);
        engine.run(0, infos.length);
        return compareOutcome(after.records, engine.memory.records, 0, infos[0]!).map(({ field }) => field);
      };
      expect(fieldsOn(new EngineTarget(createTestVcpu))).toEqual([]);
      expect(fieldsOn(new Defective())).toEqual(['r9']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
