import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PC_BOARD } from '../../board-map.js';
import { acpiArea } from '../memory-map.js';
import { acpiTables } from './acpi-tables.js';
import { RSDP_BYTES } from './tables.js';

const RAM = 64 << 20;
const tables = acpiTables(RAM, { map: PC_BOARD, floppies: 1, serialPorts: [1, 2] });
const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
const signature = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, 4));
const find = (name: string) => tables.placed.find(({ bytes }) => signature(bytes) === name)!;
const u32 = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer).getUint32(at, true);

const hasIasl = spawnSync('iasl', ['-v']).status === 0;

/** Disassembles with acpica's compiler and compiles the result again. */
function disassemble(name: string, bytes: Uint8Array): { log: string; source: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'annex-acpi-'));
  const file = path.join(folder, `${name}.aml`);
  writeFileSync(file, bytes);
  const run = spawnSync('iasl', ['-d', file], { encoding: 'utf8' });
  const source = readFileSync(path.join(folder, `${name}.dsl`), 'utf8');
  const again =
    name === 'DSDT'
      ? spawnSync('iasl', ['-p', path.join(folder, 'again'), path.join(folder, 'DSDT.dsl')], { encoding: 'utf8' })
      : run;
  return { log: run.stdout + run.stderr + again.stdout + again.stderr, source };
}

describe('ACPI tables', () => {
  it('have lengths and checksums a guest accepts', () => {
    for (const { bytes } of tables.placed.filter(({ bytes }) => signature(bytes) !== 'FACS')) {
      expect(u32(bytes, 4), signature(bytes)).toBe(bytes.length);
      expect(sum(bytes), signature(bytes)).toBe(0);
    }
    expect(sum(tables.rsdp)).toBe(0);
    expect(sum(tables.rsdp.subarray(0, 20))).toBe(0);
    expect(tables.rsdp).toHaveLength(RSDP_BYTES);
  });

  it('lie in the area the memory map reserves, apart from each other', () => {
    const area = acpiArea(RAM);
    const sorted = [...tables.placed].sort((a, b) => a.address - b.address);
    sorted.forEach(({ address, bytes }, i) => {
      expect(address).toBeGreaterThanOrEqual(area.tables);
      expect(address + bytes.length).toBeLessThanOrEqual(sorted[i + 1]?.address ?? RAM);
    });
  });

  it('point to each other', () => {
    expect(u32(tables.rsdp, 16)).toBe(find('RSDT').address);
    expect(u32(tables.rsdp, 24)).toBe(find('XSDT').address);
    expect(u32(find('RSDT').bytes, 36)).toBe(find('FACP').address);
    expect(u32(find('FACP').bytes, 36)).toBe(find('FACS').address);
    expect(u32(find('FACP').bytes, 40)).toBe(find('DSDT').address);
    expect(find('FACS').address % 64).toBe(0);
  });

  it('route IRQ 0 to pin 2 and make the SCI level-triggered', () => {
    const madt = [...find('APIC').bytes].join(',');
    expect(madt).toContain([2, 10, 0, 0, 2, 0, 0, 0, 0, 0].join(','));
    expect(madt).toContain([2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0].join(','));
  });

  it.skipIf(!hasIasl)('are understood by the ACPICA disassembler, and the DSDT compiles again without errors', () => {
    for (const name of ['DSDT', 'FACP', 'APIC', 'HPET']) {
      const { log, source } = disassemble(name, find(name).bytes);
      expect(log, name).not.toMatch(/\bError\b(?!s)|Incorrect|Invalid/);
      expect(source, name).not.toMatch(/Invalid|Unknown|incorrect/);
    }
    const dsdt = disassemble('DSDT', find('DSDT').bytes);
    expect(dsdt.log).toMatch(/0 Errors, 0 Warnings/);
    expect(dsdt.source).toContain('Device (LNKD)');
    expect(dsdt.source).toContain('EisaId ("PNP0A03")');
  });
});
