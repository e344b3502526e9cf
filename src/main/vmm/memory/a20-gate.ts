/**
 * Address line 20. Keyboard controller, port 92h and firmware each have a switch for it; the last one used decides, so
 * that software that knows only one of them is in control whatever ran before it.
 */
export class A20Gate {
  private open = true;

  constructor(private readonly onChange: (enabled: boolean) => void) {}

  get enabled(): boolean {
    return this.open;
  }

  set enabled(enabled: boolean) {
    if (enabled === this.open) return;
    this.open = enabled;
    this.onChange(enabled);
  }
}
