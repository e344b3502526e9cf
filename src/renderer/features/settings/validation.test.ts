import { describe, expect, it } from 'vitest';
import { machineConfigSchema } from '../../../shared/config/machine-config.js';
import { cleanFolder, diskProblem, freeName, memoryProblem, nameProblem } from './validation.js';

describe('nameProblem', () => {
  it('names what is wrong', () => {
    expect(nameProblem('  ', [])?.key).toBe('validate.nameEmpty');
    expect(nameProblem('x'.repeat(81), [])?.key).toBe('validate.nameTooLong');
    expect(nameProblem('a/b', [])?.key).toBe('validate.nameCharacters');
    expect(nameProblem('Debian', ['debian'])?.key).toBe('validate.nameTaken');
    expect(nameProblem('debian-12', ['debian'])).toBeNull();
  });

  it('accepts and refuses the same names as the schema', () => {
    const schema = machineConfigSchema.shape.name;
    for (const name of ['ok', 'a:b', 'tab\there', '硬盘', '', 'x'.repeat(80), 'quo"te', 'pipe|'])
      expect([name, nameProblem(name, []) === null]).toEqual([name, schema.safeParse(name).success]);
  });
});

describe('memoryProblem', () => {
  it('keeps to what a machine can have and the host has', () => {
    expect(memoryProblem(3, null)?.key).toBe('validate.memoryRange');
    expect(memoryProblem(3073, null)?.key).toBe('validate.memoryRange');
    expect(memoryProblem(null, null)?.key).toBe('validate.memoryRange');
    expect(memoryProblem(2048, 2 ** 30)?.key).toBe('validate.memoryHost');
    expect(memoryProblem(512, 2 ** 30)).toBeNull();
  });
});

describe('diskProblem', () => {
  it('takes sizes from 1 GiB', () => {
    expect(diskProblem(0)).not.toBeNull();
    expect(diskProblem(null)).not.toBeNull();
    expect(diskProblem(20)).toBeNull();
  });
});

describe('cleanFolder', () => {
  it('leaves only names between slashes', () => {
    expect(cleanFolder(' /Lab// web /')).toBe('Lab/web');
    expect(cleanFolder(' ')).toBe('');
  });
});

describe('freeName', () => {
  it('counts up past names in use', () => {
    expect(freeName('debian', [])).toBe('debian');
    expect(freeName('debian', ['Debian', 'debian 2'])).toBe('debian 3');
  });
});
