import { COMMAND } from './ata.js';

/** How a command that moves sectors does it. */
export interface SectorCommand {
  readonly op: 'read' | 'write' | 'verify';
  readonly transport: 'pio' | 'multiple' | 'dma';
  /** 48-bit addresses and 16-bit counts. */
  readonly extended: boolean;
  /** On the medium before the command ends, whatever the write cache does (FUA). */
  readonly durable: boolean;
}

const C = COMMAND;

function command(
  op: SectorCommand['op'],
  transport: SectorCommand['transport'],
  flags: { readonly extended?: boolean; readonly durable?: boolean } = {},
): SectorCommand {
  return { op, transport, extended: flags.extended ?? false, durable: flags.durable ?? false };
}

const EXTENDED = { extended: true };

/** Commands that move sectors. */
export const SECTOR_COMMANDS: ReadonlyMap<number, SectorCommand> = new Map([
  [C.readSectors, command('read', 'pio')],
  [C.readSectorsNoRetry, command('read', 'pio')],
  [C.readSectorsExt, command('read', 'pio', EXTENDED)],
  [C.readMultiple, command('read', 'multiple')],
  [C.readMultipleExt, command('read', 'multiple', EXTENDED)],
  [C.readDma, command('read', 'dma')],
  [C.readDmaNoRetry, command('read', 'dma')],
  [C.readDmaExt, command('read', 'dma', EXTENDED)],
  [C.writeSectors, command('write', 'pio')],
  [C.writeSectorsNoRetry, command('write', 'pio')],
  [C.writeVerify, command('write', 'pio')],
  [C.writeSectorsExt, command('write', 'pio', EXTENDED)],
  [C.writeMultiple, command('write', 'multiple')],
  [C.writeMultipleExt, command('write', 'multiple', EXTENDED)],
  [C.writeMultipleFuaExt, command('write', 'multiple', { extended: true, durable: true })],
  [C.writeDma, command('write', 'dma')],
  [C.writeDmaNoRetry, command('write', 'dma')],
  [C.writeDmaExt, command('write', 'dma', EXTENDED)],
  [C.writeDmaFuaExt, command('write', 'dma', { extended: true, durable: true })],
  [C.readVerify, command('verify', 'pio')],
  [C.readVerifyNoRetry, command('verify', 'pio')],
  [C.readVerifyExt, command('verify', 'pio', EXTENDED)],
]);
