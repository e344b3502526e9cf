/** The machine's side: what `VcpuBus` offers, with 64-bit values split so that no BigInt crosses. */

// @ts-ignore: decorator
@external('bus', 'portRead') export declare function portRead(port: u32, size: u32): u32;
// @ts-ignore: decorator
@external('bus', 'portWrite') export declare function portWrite(port: u32, value: u32, size: u32): void;
// @ts-ignore: decorator
@external('bus', 'mmioRead') export declare function mmioRead(address: u32, size: u32): u32;
// @ts-ignore: decorator
@external('bus', 'mmioWrite') export declare function mmioWrite(address: u32, value: u32, size: u32): void;
/** The vector, or -1. */
// @ts-ignore: decorator
@external('bus', 'acknowledgeInterrupt') export declare function acknowledgeInterrupt(): i32;
// @ts-ignore: decorator
@external('bus', 'readTaskPriority') export declare function readTaskPriority(): u32;
// @ts-ignore: decorator
@external('bus', 'writeTaskPriority') export declare function writeTaskPriority(priority: u32): void;
/** Leaves the value in `MSR_VALUE`; false → #GP. */
// @ts-ignore: decorator
@external('bus', 'readMsr') export declare function readMachineMsr(index: u32): bool;
// @ts-ignore: decorator
@external('bus', 'writeMsr') export declare function writeMachineMsr(index: u32, low: u32, high: u32): bool;
/** The FERR# pin, which it answers with IGNNE#: whether an x87 error is to be ignored. */
// @ts-ignore: decorator
@external('bus', 'setFloatingPointError') export declare function setFloatingPointError(asserted: bool): bool;
/** Virtual time in ns. */
// @ts-ignore: decorator
@external('bus', 'nowNs') export declare function nowNs(): f64;
/** 32 random bits. */
// @ts-ignore: decorator
@external('bus', 'random') export declare function randomBits(): u32;
/** A page of the machine's memory, by host offset, is about to be written and its state byte is not 0. */
// @ts-ignore: decorator
@external('bus', 'pageTouched') export declare function pageTouched(hostPage: u32): void;
/** A page of RAM, by guest-physical address, is absent; it is there on return. */
// @ts-ignore: decorator
@external('bus', 'pageAbsent') export declare function pageAbsent(page: u32): void;
/** The main loop was found at a page offset of a code page (its address). */
// @ts-ignore: decorator
@external('bus', 'hotSpot') export declare function hotSpot(codePage: usize, offset: u32, crossings: u32): void;
/** A region is left again and again because the TLB lacks what the instruction at an offset of a code page accesses. */
// @ts-ignore: decorator
@external('bus', 'regionMisses') export declare function regionMisses(region: u32, codePage: usize, offset: u32): void;
/** Regions that start in a code page (its address) must not be entered any more. */
// @ts-ignore: decorator
@external('bus', 'regionsForgotten') export declare function regionsForgotten(codePage: usize): void;
