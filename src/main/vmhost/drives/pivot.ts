import type { BlockServer } from '../../vmm/block/block-server.js';
import type { PreparedOverlay } from './drive-medium.js';

/**
 * Several drives that go over to overlays at one moment: everything the guest wrote before is below, everything after
 * goes to the overlays.
 */
export class Pivot {
  constructor(
    private readonly blocks: BlockServer,
    private readonly overlays: readonly PreparedOverlay[],
  ) {}

  /**
   * Waits for requests under way, makes what is below durable, leaves its file as others expect to find it, since it is
   * not written any more, and goes over, all drives or none.
   * @throws FileError if what is below cannot be made durable; nothing has changed then, and {@link abandon} is due
   */
  async commit(): Promise<void> {
    const locks = await this.alone(0, async () => {
      for (const { medium } of this.overlays) {
        await medium.image.flush();
        await medium.image.settle?.();
      }
      return this.overlays.map((overlay) => overlay.medium.adopt(overlay));
    });
    for (const lock of locks) await lock?.release();
  }

  /** Closes the overlays, which stay as they were made. */
  async abandon(): Promise<void> {
    for (const { layer, lock } of this.overlays) {
      layer.image.replaceBacking?.(undefined);
      await layer.image.close();
      await lock.release();
    }
  }

  /** Holds the images of all drives from number `from` on. */
  private alone<T>(from: number, work: () => Promise<T>): Promise<T> {
    const overlay = this.overlays[from];
    return overlay ? this.blocks.alone(overlay.medium.number, () => this.alone(from + 1, work)) : work();
  }
}
