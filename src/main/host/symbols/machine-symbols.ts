import { stat } from 'node:fs/promises';
import path from 'node:path';
import { toWireError, type WireError } from '../../../shared/contract/errors.js';
import type { TranslatorView } from '../../../shared/contract/machine-view.js';
import type { SystemMap } from '../../../shared/symbols/system-map.js';
import { nameRegions } from './named-regions.js';
import { readSystemMap } from './system-map-file.js';

type Outcome = { readonly map: SystemMap } | { readonly problem: WireError };

/** The System.maps of machines that are looked at: each is read when it is first needed, and again when it has changed. */
export class MachineSymbols {
  /** By machine, with the file, size and time of change they were read as of. */
  private readonly known = new Map<string, { readonly asOf: string; readonly outcome: Promise<Outcome> }>();

  /** Names a machine's hot regions. A file that is gone, or no map, is told of in the figures and keeps nothing else. */
  async name(machineId: string, file: string | null, figures: TranslatorView): Promise<TranslatorView> {
    if (file === null || figures.hottest.length === 0) return figures;
    const outcome = await this.outcome(machineId, file);
    const symbols = { file: path.basename(file), problem: 'problem' in outcome ? outcome.problem : null };
    return { ...('map' in outcome ? nameRegions(figures, outcome.map) : figures), symbols };
  }

  forget(machineId: string): void {
    this.known.delete(machineId);
  }

  private async outcome(machineId: string, file: string): Promise<Outcome> {
    const asOf = await stat(file).then(
      ({ size, mtimeMs }) => `${file} ${size} ${mtimeMs}`,
      () => `${file} gone`,
    );
    const known = this.known.get(machineId);
    if (known?.asOf === asOf) return known.outcome;
    const outcome = readSystemMap(file).then(
      (map) => ({ map }),
      (error: unknown) => ({ problem: toWireError(error) }),
    );
    this.known.set(machineId, { asOf, outcome });
    return outcome;
  }
}
