import { bytes16 } from './scsi.js';

const PAGE = { errorRecovery: 0x01, cdParameters: 0x0d, audioControl: 0x0e, capabilities: 0x2a, all: 0x3f } as const;

/** 32 × CD speed, in kB/s. */
const SPEED = 5645;

/** What mode sense asks about a page: its value now, which bits can be changed, or its default. */
export type PageControl = 'current' | 'changeable' | 'default';

const page = (code: number, body: readonly number[]): number[] => [code, body.length, ...body];

/** Drives' mode pages (MMC-5, 7.2 to 7.5 and annex E.3 for 2Ah). Nothing in them can be changed. */
function pages(locked: boolean): ReadonlyMap<number, readonly number[]> {
  // Lock and eject supported, tray; reads CD-R, CD-RW, DVD-ROM, DVD-R; multisession, mode 2.
  const mechanism = 0x29 | (locked ? 0x02 : 0);
  const capabilities = [0x3b, 0, 0x70, 0, mechanism, 0, ...bytes16(SPEED), 0, 2, ...bytes16(512), ...bytes16(SPEED)];
  return new Map([
    [PAGE.errorRecovery, page(PAGE.errorRecovery, [0, 5, 0, 0, 0, 0, 0, 0, 0, 0])],
    [PAGE.cdParameters, page(PAGE.cdParameters, [0, 0, ...bytes16(60), ...bytes16(75)])],
    [PAGE.audioControl, page(PAGE.audioControl, [4, 0, 0, 0, 0, 75, 1, 255, 2, 255, 0, 0, 0, 0])],
    [PAGE.capabilities, page(PAGE.capabilities, [...capabilities, 0, 0, 0, 0])],
  ]);
}

/** The pages asked for, one after the other; `undefined` if there is no such page. */
export function modePages(code: number, control: PageControl, locked: boolean): number[] | undefined {
  const all = pages(locked);
  const chosen = code === PAGE.all ? [...all.values()] : [all.get(code)];
  if (chosen[0] === undefined) return undefined;
  return chosen.flatMap((bytes) =>
    control === 'changeable' ? bytes!.map((byte, i) => (i < 2 ? byte : 0)) : [...bytes!],
  );
}
