import { KEY_CODES, type InputEvent, type KeyCode } from '../../../shared/contract/input.js';
import type { MachineControl } from '../../vmm/machine/machine.js';

/** Brings input events to the machine's devices and remembers what is held down, so that it can all be let go. */
export class InputRouter {
  private readonly held = new Set<KeyCode>();
  private buttons = 0;

  constructor(private readonly machine: Pick<MachineControl, 'keyboard' | 'mouse' | 'pointer'>) {}

  handle(events: readonly InputEvent[]): void {
    for (const event of events) this.handleOne(event);
  }

  private handleOne(event: InputEvent): void {
    switch (event.type) {
      case 'key':
        return this.key(event.code, event.down);
      case 'move':
        this.buttons = event.buttons;
        return this.machine.mouse.move(event.dx, event.dy, event.wheel, event.buttons);
      case 'point':
        this.buttons = event.buttons;
        return this.point(event.x, event.y, event.wheel, event.buttons);
      case 'release-all':
        return this.releaseAll();
    }
  }

  private key(code: KeyCode, down: boolean): void {
    if (down) this.held.add(code);
    else this.held.delete(code);
    this.machine.keyboard.key(code, down);
  }

  /** A guest that has not switched absolute pointing on still gets the buttons. */
  private point(x: number, y: number, wheel: number, buttons: number): void {
    const { pointer, mouse } = this.machine;
    if (pointer.active) pointer.moveTo(x, y, wheel, buttons);
    else mouse.move(0, 0, wheel, buttons);
  }

  private releaseAll(): void {
    for (const code of KEY_CODES) if (this.held.has(code)) this.machine.keyboard.key(code, false);
    this.held.clear();
    if (this.buttons !== 0) this.machine.mouse.move(0, 0, 0, 0);
    this.buttons = 0;
  }
}
