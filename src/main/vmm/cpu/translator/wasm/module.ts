import { ByteSink } from './byte-sink.js';
import type { CodePart } from './function-code.js';
import type { ValueType } from './wasm-op.js';

export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface FunctionImport extends Signature {
  readonly module: string;
  readonly name: string;
}

export interface FunctionExport extends Signature {
  readonly name: string;
  /** Declaration of locals, then instructions with the final `end`. */
  readonly body: readonly CodePart[];
}

const CUSTOM_SECTION = 0;
const TYPE_SECTION = 1;
const IMPORT_SECTION = 2;
const FUNCTION_SECTION = 3;
const EXPORT_SECTION = 7;
const CODE_SECTION = 10;
const FUNCTION_TYPE = 0x60;
const KIND_FUNCTION = 0;
const KIND_MEMORY = 2;
const SHARED_WITH_MAXIMUM = 3;
const LARGEST_MEMORY = 65536;
/** WebAssembly code metadata, branch hinting proposal. */
const BRANCH_HINTS = 'metadata.code.branch_hint';
const HINT_VALUES = { unlikely: 0, likely: 1 } as const;

/** Binary of a module that imports functions and the shared memory `env.memory`, and exports functions. */
export function encodeModule(
  imports: readonly FunctionImport[],
  functions: readonly FunctionExport[],
): Uint8Array<ArrayBuffer> {
  const out = new ByteSink();
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.byte(byte);
  const types = new TypeTable();
  const importTypes = imports.map((entry) => types.index(entry));
  const functionTypes = functions.map((entry) => types.index(entry));
  section(out, TYPE_SECTION, (to) => types.write(to));
  section(out, IMPORT_SECTION, (to) => {
    to.unsigned(imports.length + 1);
    imports.forEach(({ module, name }, index) => {
      to.name(module);
      to.name(name);
      to.byte(KIND_FUNCTION);
      to.unsigned(importTypes[index]!);
    });
    to.name('env');
    to.name('memory');
    to.byte(KIND_MEMORY);
    to.byte(SHARED_WITH_MAXIMUM);
    to.unsigned(1);
    to.unsigned(LARGEST_MEMORY);
  });
  section(out, FUNCTION_SECTION, (to) => {
    to.unsigned(functions.length);
    for (const type of functionTypes) to.unsigned(type);
  });
  section(out, EXPORT_SECTION, (to) => {
    to.unsigned(functions.length);
    functions.forEach(({ name }, index) => {
      to.name(name);
      to.byte(KIND_FUNCTION);
      to.unsigned(imports.length + index);
    });
  });
  section(out, CUSTOM_SECTION, (to) => {
    to.name(BRANCH_HINTS);
    to.unsigned(functions.length);
    functions.forEach(({ body }, index) => {
      to.unsigned(imports.length + index);
      writeHints(to, body);
    });
  });
  section(out, CODE_SECTION, (to) => {
    to.unsigned(functions.length);
    for (const { body } of functions) {
      to.unsigned(body.reduce((sum, { bytes }) => sum + bytes.length, 0));
      for (const { bytes } of body) to.append(bytes);
    }
  });
  return out.view().slice();
}

/** By offset from the function's start; each value is one byte long. */
function writeHints(to: ByteSink, body: readonly CodePart[]): void {
  to.unsigned(body.reduce((sum, { hints }) => sum + hints.length, 0));
  let start = 0;
  for (const { bytes, hints } of body) {
    for (const { at, hint } of hints) {
      to.unsigned(start + at);
      to.unsigned(1);
      to.byte(HINT_VALUES[hint]);
    }
    start += bytes.length;
  }
}

function section(out: ByteSink, id: number, write: (to: ByteSink) => void): void {
  const content = new ByteSink();
  write(content);
  out.byte(id);
  out.unsigned(content.length);
  out.append(content.view());
}

class TypeTable {
  private readonly indices = new Map<string, number>();
  private readonly signatures: Signature[] = [];

  index(signature: Signature): number {
    const key = `${signature.parameters.join()}:${signature.results.join()}`;
    const known = this.indices.get(key);
    if (known !== undefined) return known;
    this.indices.set(key, this.signatures.length);
    return this.signatures.push(signature) - 1;
  }

  write(to: ByteSink): void {
    to.unsigned(this.signatures.length);
    for (const { parameters, results } of this.signatures) {
      to.byte(FUNCTION_TYPE);
      to.unsigned(parameters.length);
      for (const type of parameters) to.byte(type);
      to.unsigned(results.length);
      for (const type of results) to.byte(type);
    }
  }
}
