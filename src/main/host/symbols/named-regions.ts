import type { TranslatorView } from '../../../shared/contract/machine-view.js';
import type { SystemMap } from '../../../shared/symbols/system-map.js';

/** The figures with a `symbol` at each hot region that has a name. */
export function nameRegions(figures: TranslatorView, map: SystemMap): TranslatorView {
  const syscallEntry = BigInt(`0x${figures.syscallEntry}`);
  const hottest = figures.hottest.map((region) => {
    const symbol = map.at(BigInt(`0x${region.address}`), syscallEntry);
    return symbol ? { ...region, symbol: `${symbol.name}+0x${symbol.offset.toString(16)}` } : region;
  });
  return { ...figures, hottest };
}
