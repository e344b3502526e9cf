import { TableWriter } from '../tables/table-writer.js';

/** Commands of etc/table-loader (SeaBIOS romfile_loader.h; QEMU hw/acpi/bios-linker-loader.c). */
const COMMAND = { allocate: 1, addPointer: 2, addChecksum: 3 } as const;
const ZONE = { high: 1, fSegment: 2 } as const;
const FILE_BYTES = 56;
const COMMAND_BYTES = 128;

/** A script by which firmware places tables itself, links them and makes their checksums right. */
export class TableLoaderScript {
  private readonly out = new TableWriter();

  allocate(file: string, alignment: number, zone: keyof typeof ZONE): this {
    return this.command(
      new TableWriter().u32(COMMAND.allocate).text(file, FILE_BYTES, '\0').u32(alignment).u8(ZONE[zone]),
    );
  }

  /** The field of `bytes` bytes at `offset` in `file` has an offset into `target`; it becomes an address. */
  addPointer(file: string, target: string, offset: number, bytes: 4 | 8): this {
    const names = new TableWriter().u32(COMMAND.addPointer).text(file, FILE_BYTES, '\0').text(target, FILE_BYTES, '\0');
    return this.command(names.u32(offset).u8(bytes));
  }

  addChecksum(file: string, offset: number, start: number, length: number): this {
    return this.command(
      new TableWriter().u32(COMMAND.addChecksum).text(file, FILE_BYTES, '\0').u32(offset, start, length),
    );
  }

  bytes(): Uint8Array {
    return this.out.bytes();
  }

  private command(command: TableWriter): this {
    this.out.raw(command.fill(COMMAND_BYTES - command.length, 0).bytes());
    return this;
  }
}
