/** A region that is run much. */
export interface HotRegion {
  /** Linear address of its first entry when it was made, in hexadecimal; another program's memory may be there now. */
  readonly address: string;
  /** Its first instructions there. */
  readonly code: string;
  /** Guest instructions it is made of. */
  readonly instructions: number;
  /** Size of its module. */
  readonly bytes: number;
  /** Entries from the main loop, the recent ones. */
  readonly uses: number;
}

/** What a translator holds at this moment. */
export interface TranslatorFigures {
  readonly regions: number;
  /** Size of their modules. */
  readonly bytes: number;
  /** Most that there may be. */
  readonly mostRegions: number;
  readonly mostBytes: number;
  /** Guest instructions the regions made so far were made of. */
  readonly instructionsTranslated: number;
  /** Time that making them took on the machine's thread, in ms; V8's optimizing compiler is not in it. */
  readonly translationMs: number;
  /** The part of it that V8 took to compile and instantiate modules. */
  readonly compilationMs: number;
  /** Pages whose code was forgotten with what was translated from it, since power-on. */
  readonly dropped: number;
  /** Regions given up for want of room, since power-on. */
  readonly evicted: number;
  /** Where the guest's kernel takes system calls, in hexadecimal: LSTAR, or else SYSENTER's EIP; 0 without either. */
  readonly syscallEntry: string;
  /** The regions used most, the first one most of all; none where nobody looks. */
  readonly hottest: readonly HotRegion[];
}

/** The same in a running engine: the list costs something, so it is made for those who look at it. */
export interface TranslatorReport extends Omit<TranslatorFigures, 'hottest'> {
  readonly hottest: () => readonly HotRegion[];
}
