import type { BlockDevice, RemovableDrive } from '../../../block/block-device.js';
import { floppyGeometry, type FloppyGeometry } from '../../../block/floppy-geometry.js';

/** Highest cylinder the head can be moved to. */
const LAST_CYLINDER = 82;

/** Data rates of each density, as selected in bits 1:0 of CCR: 0 = 500, 1 = 300, 2 = 250 kbit/s, 3 = 1 Mbit/s. */
const RATES: Readonly<Record<FloppyGeometry['density'], readonly number[]>> = {
  double: [1, 2],
  high: [0],
  extended: [3],
};

export interface FloppyDriveState {
  readonly cylinder: number;
  readonly changed: boolean;
}

/** A diskette drive: where its head is, what is in it, and the disk-change latch. */
export class FloppyDrive {
  /** Cylinder the head stands on. */
  cylinder = 0;
  /** DSKCHG: set when the diskette goes out, cleared by a step with one in. */
  private changed = true;

  constructor(private readonly drive: RemovableDrive) {
    drive.onChange(() => {
      this.changed = true;
    });
  }

  get medium(): BlockDevice | undefined {
    return this.drive.medium;
  }

  /** `undefined` without a diskette, or with an image no drive could read. */
  get geometry(): FloppyGeometry | undefined {
    return this.medium && floppyGeometry(this.medium.info.sectors);
  }

  get diskChanged(): boolean {
    return this.changed || this.medium === undefined;
  }

  canReadAt(rate: number): boolean {
    const { geometry } = this;
    return geometry !== undefined && RATES[geometry.density].includes(rate);
  }

  seek(cylinder: number): void {
    const target = Math.min(Math.max(cylinder, 0), LAST_CYLINDER);
    this.cylinder = target;
    if (this.medium !== undefined) this.changed = false;
  }

  saveState(): FloppyDriveState {
    return { cylinder: this.cylinder, changed: this.changed };
  }

  loadState(state: FloppyDriveState): void {
    this.cylinder = state.cylinder;
    this.changed = state.changed;
  }
}
