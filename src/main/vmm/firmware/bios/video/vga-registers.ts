import type { PortBus } from '../../../bus/port-bus.js';

/** VGA ports (IBM VGA Hardware Interface Technical Reference, 1992). */
const ATTRIBUTE = 0x3c0;
const ATTRIBUTE_READ = 0x3c1;
const MISC_WRITE = 0x3c2;
const SEQUENCER = 0x3c4;
const PEL_MASK = 0x3c6;
const DAC_READ_INDEX = 0x3c7;
const DAC_WRITE_INDEX = 0x3c8;
const DAC_DATA = 0x3c9;
const MISC_READ = 0x3cc;
const GRAPHICS = 0x3ce;
/** Attribute index bit that keeps the screen on while the palette is not being loaded. */
const PALETTE_ADDRESS_SOURCE = 0x20;

export interface Rgb {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
}

/** The VGA's indexed registers by name. DAC components are 6 bits, or 8 where VBE said so. */
export class VgaRegisters {
  constructor(private readonly ports: PortBus) {}

  get misc(): number {
    return this.ports.read(MISC_READ, 1);
  }

  set misc(value: number) {
    this.ports.write(MISC_WRITE, value, 1);
  }

  /** 3D4h in colour, 3B4h in monochrome addressing. */
  get crtcPort(): number {
    return this.misc & 1 ? 0x3d4 : 0x3b4;
  }

  sequencer(index: number, value: number): void {
    this.writeIndexed(SEQUENCER, index, value);
  }

  readSequencer(index: number): number {
    return this.readIndexed(SEQUENCER, index);
  }

  graphics(index: number, value: number): void {
    this.writeIndexed(GRAPHICS, index, value);
  }

  readGraphics(index: number): number {
    return this.readIndexed(GRAPHICS, index);
  }

  crtc(index: number, value: number): void {
    this.writeIndexed(this.crtcPort, index, value);
  }

  readCrtc(index: number): number {
    return this.readIndexed(this.crtcPort, index);
  }

  attribute(index: number, value: number): void {
    this.selectAttribute(index);
    this.ports.write(ATTRIBUTE, value, 1);
    this.selectAttribute(PALETTE_ADDRESS_SOURCE);
  }

  readAttribute(index: number): number {
    this.selectAttribute(index);
    const value = this.ports.read(ATTRIBUTE_READ, 1);
    this.selectAttribute(PALETTE_ADDRESS_SOURCE);
    return value;
  }

  setPelMask(mask: number): void {
    this.ports.write(PEL_MASK, mask, 1);
  }

  get pelMask(): number {
    return this.ports.read(PEL_MASK, 1);
  }

  setColour(index: number, { red, green, blue }: Rgb): void {
    this.ports.write(DAC_WRITE_INDEX, index, 1);
    for (const component of [red, green, blue]) this.ports.write(DAC_DATA, component & 0xff, 1);
  }

  colour(index: number): Rgb {
    this.ports.write(DAC_READ_INDEX, index, 1);
    const component = (): number => this.ports.read(DAC_DATA, 1);
    return { red: component(), green: component(), blue: component() };
  }

  get status(): number {
    return this.ports.read(this.crtcPort + 6, 1);
  }

  private selectAttribute(index: number): void {
    this.ports.read(this.crtcPort + 6, 1); // resets the address/data flip-flop
    this.ports.write(ATTRIBUTE, index, 1);
  }

  private writeIndexed(port: number, index: number, value: number): void {
    this.ports.write(port, index, 1);
    this.ports.write(port + 1, value & 0xff, 1);
  }

  private readIndexed(port: number, index: number): number {
    this.ports.write(port, index, 1);
    return this.ports.read(port + 1, 1);
  }
}
