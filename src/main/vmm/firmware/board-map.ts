/** Where the board has its parts: what firmware programs into the chips and tells guests in its tables. */
export interface BoardMap {
  /** Physical window the PCI host bridge forwards, without the chips at its top. */
  readonly pciHole: { readonly start: number; readonly end: number };
  /** First I/O port given to PCI functions. */
  readonly pciIoStart: number;
  /** Base of the ACPI register block (PM1a event +0, control +4, timer +8, GPE0 +0Ch), PIIX4 layout. */
  readonly pmBase: number;
  readonly smbusBase: number;
  /** ISA interrupt of the ACPI event (SCI), level-triggered, active high at the I/O APIC. */
  readonly sciIrq: number;
  /** Port whose write of `resetValue` resets the board. */
  readonly resetPort: number;
  readonly resetValue: number;
  readonly localApic: number;
  readonly ioApic: number;
  readonly ioApicId: number;
  readonly hpet: number;
  /** ISA interrupts the PIIX3 routes PIRQA–PIRQD to. */
  readonly pirqIrqs: readonly [number, number, number, number];
  /** PCI device numbers on bus 0. A slot's INTx pin reaches PIRQ (slot - 1 + pin) mod 4 (see {@link pirqOf}). */
  readonly pci: {
    readonly isaBridge: { readonly device: number; readonly function: number };
    readonly ide: { readonly device: number; readonly function: number };
    readonly powerManagement: { readonly device: number; readonly function: number };
    readonly vga: { readonly device: number; readonly function: number };
  };
}

/** The i440FX + PIIX3 class board of this product. */
export const PC_BOARD: BoardMap = {
  pciHole: { start: 0xc000_0000, end: 0xfec0_0000 },
  pciIoStart: 0xc000,
  pmBase: 0x600,
  smbusBase: 0x700,
  sciIrq: 9,
  resetPort: 0xcf9,
  resetValue: 0x06,
  localApic: 0xfee0_0000,
  ioApic: 0xfec0_0000,
  ioApicId: 1,
  hpet: 0xfed0_0000,
  pirqIrqs: [11, 10, 11, 10],
  pci: {
    isaBridge: { device: 1, function: 0 },
    ide: { device: 1, function: 1 },
    powerManagement: { device: 1, function: 3 },
    vga: { device: 2, function: 0 },
  },
};

/** PIRQ (0 = A … 3 = D) of an interrupt pin (0 = INTA# … 3 = INTD#) of a device on bus 0: the usual board swizzle. */
export function pirqOf(device: number, pin: number): number {
  return (device - 1 + pin) & 3;
}
