import type { AccessSize, BusHandler } from '../bus/access.js';
import type { Unmap } from './pci-fabric.js';
import { PciFunction, type PciFunctionState } from './pci-function.js';

/** Intel 82371AB data sheet (290562-001), 7.1. */
const PM_BASE = 0x40;
const PM_PORTS = 64;
const DEVICE_ACTIVITY_B = 0x58;
/** APMC_EN in bits 31:24 of DEVACTB: firmware that finds SMIs on does not set up a management mode the board lacks. */
const APMC_ENABLED = 0x02;
const PM_MISC = 0x80;
const PM_IO_ENABLE = 1 << 0;

/** Power management function of the PIIX4, put beside a PIIX3: says where the ACPI registers are. */
export class Piix4PowerFunction extends PciFunction {
  private mappedAt = 0;
  private unmap: Unmap = () => undefined;

  constructor(private readonly registers: BusHandler) {
    super({ vendorId: 0x8086, deviceId: 0x7113, revision: 3, classCode: 0x06_80_00, multifunction: true });
    this.define16(PM_BASE, 0x0001, 0xffc0);
    for (let i = 0; i < 3; i++) this.define(DEVICE_ACTIVITY_B + i, 0, 0xff);
    this.define(DEVICE_ACTIVITY_B + 3, APMC_ENABLED, 0xff);
    this.define(PM_MISC, 0, PM_IO_ENABLE);
  }

  override reset(): void {
    super.reset();
    this.remapRegisters();
  }

  override loadState(state: PciFunctionState): void {
    super.loadState(state);
    this.remapRegisters();
  }

  protected override configWritten(_offset: number, _size: AccessSize): void {
    this.remapRegisters();
  }

  private remapRegisters(): void {
    const base = this.read(PM_BASE, 2) & 0xffc0;
    const address = this.config[PM_MISC]! & PM_IO_ENABLE ? base : 0;
    if (address === this.mappedAt) return;
    this.unmap();
    this.mappedAt = address;
    this.unmap = address === 0 ? () => undefined : this.fabric.mapPorts(address, PM_PORTS, this.registers);
  }
}
