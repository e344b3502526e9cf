/** Interrupt messages between I/O APIC, MSI writers and local APICs (SDM vol. 3, 11.6.1 and 11.11). */

export const DELIVERY_FIXED = 0;
export const DELIVERY_LOWEST_PRIORITY = 1;
export const DELIVERY_SMI = 2;
export const DELIVERY_NMI = 4;
export const DELIVERY_INIT = 5;
export const DELIVERY_STARTUP = 6;
export const DELIVERY_EXTINT = 7;

export const BROADCAST_DESTINATION = 0xff;

/** One message; passed as arguments because the path is hot. */
export interface ApicMessageSink {
  /**
   * @param destination APIC ID, or a set in the logical map
   * @param logical destination mode
   * @param delivery DELIVERY_*
   * @param level level-triggered: EOI is told to the I/O APIC
   */
  deliver(destination: number, logical: boolean, delivery: number, vector: number, level: boolean): void;
}
