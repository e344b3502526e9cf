import { describeDifference } from './describe.js';
import { HostProcess } from './silicon/host-process.js';
import { regionSession } from './regions/region-session.js';
const [seed, skip, n] = process.env.ZZ!.split(',').map(Number) as [number, number, number];
const s: any = regionSession(new HostProcess(), seed);
for (let i = 0; i < skip; i++) s.source.batch();
for (let i = 0; i < n; i++) for (const d of s.batch()) console.log(i + skip, d.index, d.info.steps.map((x: any) => x.template.mnemonic).join(' '), describeDifference(d));
