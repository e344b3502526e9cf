import type { BlockDevice, BlockInfo, BlockRequest } from './block-device.js';

/**
 * Keeps a full host disk from the guest: a request that ends with `no-space` is held, the machine is asked to stop, and
 * the request is submitted again when the machine goes on. The device model only sees a request that takes long.
 */
export class FullDiskGuard implements BlockDevice {
  private held: BlockRequest[] = [];

  /** @param onNoSpace asks the machine to pause with a message; called once for each request that found no room */
  constructor(
    private readonly device: BlockDevice,
    private readonly onNoSpace: () => void,
  ) {}

  get info(): BlockInfo {
    return this.device.info;
  }

  /** Requests that wait for room. */
  get heldRequests(): number {
    return this.held.length;
  }

  submit(request: BlockRequest): void {
    this.device.submit({
      ...request,
      onDone: (status) => {
        if (status !== 'no-space') return request.onDone(status);
        this.held.push(request);
        this.onNoSpace();
      },
    });
  }

  /** Submits what is held again, oldest first: the machine calls it when it resumes. */
  retry(): void {
    const again = this.held;
    this.held = [];
    for (const request of again) this.submit(request);
  }
}
