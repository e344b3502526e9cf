/**
 * Registers, bits and command codes of ATA/ATAPI: ATA/ATAPI-6 (T13/1410D rev 3b), with the obsolete CHS commands of
 * ATA-1 that old software still uses.
 */

/** Command block registers, by offset from the channel's base. */
export const REGISTER = {
  data: 0,
  /** Error when read, features when written. */
  error: 1,
  features: 1,
  sectorCount: 2,
  lbaLow: 3,
  lbaMid: 4,
  lbaHigh: 5,
  device: 6,
  /** Status when read, command when written. */
  status: 7,
  command: 7,
} as const;

export const STATUS = {
  busy: 0x80,
  ready: 0x40,
  deviceFault: 0x20,
  /** Seek complete. */
  seekDone: 0x10,
  dataRequest: 0x08,
  error: 0x01,
} as const;

export const ERROR = {
  uncorrectable: 0x40,
  mediaChanged: 0x20,
  idNotFound: 0x10,
  aborted: 0x04,
} as const;

/** Diagnostic code "device 0 passed, device 1 passed or not present", left in the error register by resets. */
export const DIAGNOSTIC_PASSED = 0x01;

export const DEVICE = { slave: 0x10, lba: 0x40, headMask: 0x0f } as const;

/** Device control register, at the control block's base. */
export const CONTROL = { highOrderByte: 0x80, softReset: 0x04, interruptDisable: 0x02 } as const;

export const COMMAND = {
  nop: 0x00,
  dataSetManagement: 0x06,
  deviceReset: 0x08,
  recalibrate: 0x10,
  readSectors: 0x20,
  readSectorsNoRetry: 0x21,
  readSectorsExt: 0x24,
  readDmaExt: 0x25,
  readNativeMaxExt: 0x27,
  readMultipleExt: 0x29,
  writeSectors: 0x30,
  writeSectorsNoRetry: 0x31,
  writeSectorsExt: 0x34,
  writeDmaExt: 0x35,
  writeMultipleExt: 0x39,
  writeVerify: 0x3c,
  writeDmaFuaExt: 0x3d,
  readVerify: 0x40,
  readVerifyNoRetry: 0x41,
  readVerifyExt: 0x42,
  seek: 0x70,
  diagnostic: 0x90,
  initializeParameters: 0x91,
  standbyImmediateOld: 0x94,
  idleImmediateOld: 0x95,
  standbyOld: 0x96,
  idleOld: 0x97,
  checkPowerOld: 0x98,
  sleepOld: 0x99,
  packet: 0xa0,
  identifyPacket: 0xa1,
  smart: 0xb0,
  readMultiple: 0xc4,
  writeMultiple: 0xc5,
  setMultiple: 0xc6,
  readDma: 0xc8,
  readDmaNoRetry: 0xc9,
  writeDma: 0xca,
  writeDmaNoRetry: 0xcb,
  writeMultipleFuaExt: 0xce,
  standbyImmediate: 0xe0,
  idleImmediate: 0xe1,
  standby: 0xe2,
  idle: 0xe3,
  checkPower: 0xe5,
  sleep: 0xe6,
  flushCache: 0xe7,
  flushCacheExt: 0xea,
  identify: 0xec,
  setFeatures: 0xef,
  readNativeMax: 0xf8,
} as const;

/** Subcommands of SET FEATURES (features register). */
export const FEATURE = {
  enableWriteCache: 0x02,
  setTransferMode: 0x03,
  disableReadAhead: 0x55,
  disableRevertToDefaults: 0x66,
  disableWriteCache: 0x82,
  enableReadAhead: 0xaa,
  enableRevertToDefaults: 0xcc,
} as const;

/** Features register of DATA SET MANAGEMENT (ACS-2, 7.10). */
export const TRIM_FEATURE = 0x01;
