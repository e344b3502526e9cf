import type { BlockDevice, RemovableDrive } from './block-device.js';

/** What a drive tells its owner: what the guest did to the tray. */
export interface MediumSlotEvents {
  /** The guest ejected the medium; the slot is already empty. */
  ejected(): void;
  lockChanged(locked: boolean): void;
}

/**
 * A tray: the host side puts media in and takes them out while the machine runs, the device model sees them through
 * {@link RemovableDrive}. Lives on the machine thread.
 */
export class MediumSlot implements RemovableDrive {
  private current: BlockDevice | undefined;
  private readonly changeListeners: (() => void)[] = [];
  private readonly buttonListeners: (() => void)[] = [];
  private guestLock = false;

  constructor(private readonly events: MediumSlotEvents = { ejected() {}, lockChanged() {} }) {}

  get medium(): BlockDevice | undefined {
    return this.current;
  }

  /** Whether the guest holds the tray. */
  get locked(): boolean {
    return this.guestLock;
  }

  /** Puts a medium in, in place of the one that is there. A lock is on the tray, not on the medium, and stays. */
  insert(medium: BlockDevice): void {
    this.current = medium;
    this.changed();
  }

  /**
   * Takes the medium out; if the guest holds the tray, tells it that somebody wants it.
   * @param force pull it even if the guest holds the tray (the drive's emergency hole)
   * @returns whether the slot is empty now
   */
  eject(force = false): boolean {
    if (this.guestLock && !force) {
      for (const listener of this.buttonListeners) listener();
      return false;
    }
    if (force) this.setLocked(false);
    if (this.current === undefined) return true;
    this.current = undefined;
    this.changed();
    return true;
  }

  onChange(listener: () => void): void {
    this.changeListeners.push(listener);
  }

  onEjectButton(listener: () => void): void {
    this.buttonListeners.push(listener);
  }

  ejectRequested(): void {
    if (this.current !== undefined && this.eject()) this.events.ejected();
  }

  setLocked(locked: boolean): void {
    if (locked === this.guestLock) return;
    this.guestLock = locked;
    this.events.lockChanged(locked);
  }

  private changed(): void {
    for (const listener of this.changeListeners) listener();
  }
}
