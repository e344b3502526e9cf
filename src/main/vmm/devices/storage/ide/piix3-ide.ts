import type { BusHandler } from '../../../bus/access.js';
import type { BoardDevice } from '../../../base/stateful.js';
import { PciFunction, type PciFunctionState } from '../../../pci/pci-function.js';
import type { BusMaster } from './bus-master.js';
import type { IdeChannel, IdeChannelState } from './ide-channel.js';

/** Timing registers of the channels (Intel 82371SB, 2.5.10): bit 15 lets the channel answer its ports. */
const TIMING_PRIMARY = 0x40;
const TIMING_SECONDARY = 0x42;
const TIMING_SLAVE = 0x44;
const TIMING_ENABLED = 0x8000;

const BUS_MASTER_BAR = 4;
const BUS_MASTER_PORTS = 16;
const PORTS_PER_CHANNEL = 8;

export interface Piix3IdeState extends PciFunctionState {
  readonly channels: readonly [IdeChannelState, IdeChannelState];
}

/**
 * The IDE function of the PIIX3 (Intel 82371SB, function 1): two channels at the legacy ports, bus-master registers
 * at BAR4. The legacy ports are mapped by the board and answer from power-on, as the board's firmware would set them.
 */
export class Piix3Ide extends PciFunction implements BoardDevice<Piix3IdeState> {
  constructor(private readonly channels: readonly [IdeChannel, IdeChannel]) {
    const handler = busMasterPorts(channels[0].busMaster, channels[1].busMaster);
    super({ vendorId: 0x8086, deviceId: 0x7010, classCode: 0x01_01_80, multifunction: true }, [
      { kind: 'ports', bar: BUS_MASTER_BAR, bytes: BUS_MASTER_PORTS, handler },
    ]);
    this.define16(TIMING_PRIMARY, TIMING_ENABLED, 0xffff);
    this.define16(TIMING_SECONDARY, TIMING_ENABLED, 0xffff);
    this.define(TIMING_SLAVE, 0, 0xff);
  }

  override reset(): void {
    super.reset();
    for (const channel of this.channels) channel.reset();
  }

  override saveState(): Piix3IdeState {
    const [primary, secondary] = this.channels;
    return { ...super.saveState(), channels: [primary.saveState(), secondary.saveState()] };
  }

  override loadState(state: Piix3IdeState): void {
    super.loadState(state);
    this.channels.forEach((channel, i) => channel.loadState(state.channels[i]!));
  }
}

function busMasterPorts(primary: BusMaster, secondary: BusMaster): BusHandler {
  const at = (offset: number) => (offset < PORTS_PER_CHANNEL ? primary : secondary);
  return {
    read: (offset, size) => at(offset).read(offset % PORTS_PER_CHANNEL, size),
    write: (offset, value, size) => at(offset).write(offset % PORTS_PER_CHANNEL, value, size),
  };
}
