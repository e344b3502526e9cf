import { expect, it } from 'vitest';
import { disassemble } from '../../disassembler/disassemble.js';
import { RegionCode } from '../code/region-code.js';
import { PageDecoder } from '../decode/decode.js';
import type { Decoded } from '../decode/decoded.js';
import { loweringOf } from '../lower/lowerings.js';
import { concernsMmx } from '../lower/simd/mmx.js';
import { FunctionCode } from '../wasm/function-code.js';
import { functionText } from './function-text.js';

/** Machine code (64-bit) of every kind of instruction that regions do; what they make of it is in lowerings.txt. */
// prettier-ignore
const SAMPLES = [
  // Moves
  '89c8', '4889c8', '88e0', '6689c8', '8b03', '488b4308', '8903', '48894b10', '880b', 'b878563412', '48b8f0debc9a78563412',
  '48c7c0ffffffff', '0fb6c1', '480fb703', '0fbec1', '4863c1', '488d448b10', '8d0403', '488d0510000000', '4887c8', '98', '4898',
  '99', '4899', '0fc8', '480fc8', '90', '648b042528000000',
  // Arithmetic and logic
  '01c8', '4801c8', '00c8', '6601c8', '480303', '480103', '29c8', '4829c8', '39c8', '4883f805', '3c07', '11c8', '19c8', '21c8',
  '4809c8', '31c0', '85c0', '4885c0', 'ffc0', '48ffc8', 'f7d8', 'f7d0', 'fe03',
  // Shifts, bits, products
  'c1e003', '48d1e8', 'c1f81f', 'd3e0', '48d3e8', 'c1c005', 'd1c8', '480fa4c805', '480fadd0', '0fa3c8', '480fbae005', '0fabc8', '0fbcc1',
  '480fbdc1', 'f30fb8c1', '0fafc1', '486bc10a', 'f7e1', '48f7e1', '48f7e9', '48f7f1', 'f7f9',
  // Stack and conditions
  '50', '58', '4154', '6a05', 'c9', '0f94c0', '0f4cc1', '480f42c1',
  // Exchanges, LOCK, bits of memory
  '8703', 'f00103', 'f02903', 'f0480903', 'f0ff03', 'f0f713', 'f00fc103', '0fb10b', 'f0480fb10b', '0fc70b', '480fc70b',
  'f00fba2b03', '0fab03', '480fba6b0805',
  // Strings, flags and system state
  'a4', '48a5', 'aa', 'ac', 'ae', 'a6', 'f348a5', 'f3aa', 'f2ae', 'f3a6', '9c', '9d', 'fa', 'fb', 'fc', 'fd', '0f01ca',
  '0f01cb', '0f01f8', 'f3480faec0', 'f3480faed3', '8cd8', '0f06', '0f20c0', '0f31', '0fa0',
  // SSE
  '0f28c1', '0f2803', '0f2903', 'f30f6f4310', 'f30f1003', 'f20f1003', 'f20f1103', 'f20f10c1', '660f6ec0', '66480f7ec0',
  'f30f7e03', '660fefc0', '660ffec1', '660fd4c1', '660f74c1', '660fd7c0', '660f70c11b', '660f6cc1', '0fc6c144', '660f72f004',
  '660fd3c1', '660f73d804', '660f3800c1', 'f20f58c1', 'f20f5cc1', 'f20f5903', 'f20f5ec1', 'f20f51c1', 'f30f58c1', '0f58c1',
  '660f59c1', 'f20f5dc1', '660f2ec1', '0f2fc1', '660fc2c101', 'f20f2ac0', 'f2480f2ac0', 'f20f2cc1', 'f2480f2cc1', 'f30f5ac1',
  'f20f5ac1', '0f5bc1', 'f30f5bc1',
  // x87
  'd9c1', 'dd03', 'd903', 'db03', 'dd1b', 'd91b', 'db1b', 'db3b', 'd9ca', 'ddda', 'd9e8', 'd9e0', 'd9e1', 'dec1', 'dc0b', 'd8c2',
  'd8e1', 'dee1', 'def9', 'd9fa', 'd9fe', 'dbf1', 'dae9', 'd9e4', 'dac1', 'd93b', 'd92b', 'dfe0', 'ddc1', 'd9f7', '9b',
  // Near each other: looked up once
  '534889e58b45088945f85d', '488b4708034710', '8b06ff06',
  // MMX
  '0f6fc1', '0f6f03', '0f7f03', '0f6ec0', '0ffcc1', '0f71f004', '0f77',
];

function assembly(bytes: Uint8Array): string[] {
  if (bytes.length === 0) return [];
  const { text, length } = disassemble(bytes, { bits: 64 });
  return [text, ...assembly(bytes.subarray(length))];
}

function decoded(bytes: Uint8Array): Decoded[] {
  const decoder = new PageDecoder(bytes, 'long');
  const instructions: Decoded[] = [];
  for (let at = 0; at < bytes.length; at += instructions.at(-1)!.length) instructions.push(decoder.decode(at)!);
  return instructions;
}

function golden(hex: string): string {
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
  const title = `${hex}  ${assembly(bytes).join('; ')}`;
  const instructions = decoded(bytes);
  const code = new FunctionCode(3);
  const to = new RegionCode(code, { gone: 0, leave: 1, step: 2 });
  // What the first x87 or MMX instruction of a block makes sure of is not part of each.
  if (instructions.some(({ row }) => row.family === 'x87')) to.x87.begin();
  if (instructions.some(concernsMmx)) to.x87.beginMmx();
  const before = functionText(code.sink.view()).length;
  for (const instruction of instructions) {
    const lowering = loweringOf(instruction);
    if (!lowering) return `${title}\n  (the core)`;
    to.locals.nextInstruction();
    lowering.emit(to, instruction);
  }
  const lines = functionText(Buffer.concat(code.parts().map((part) => part.bytes))).slice(before);
  return [title, ...lines.map((line) => `  ${line}`)].join('\n');
}

it('makes of every kind of instruction what was reviewed', async () => {
  // After a change that is meant: npx vitest run -u, and read the difference.
  await expect(`${SAMPLES.map(golden).join('\n\n')}\n`).toMatchFileSnapshot('lowerings.txt');
});
