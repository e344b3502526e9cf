import { obeyBranchHints } from './engine/branch-hints.js';
import { connectToParent } from './parent-link.js';
import { VmProcess } from './vm-process.js';

obeyBranchHints();
process.title = `annex-vm ${process.argv[2] ?? ''}`;
new VmProcess(connectToParent(), (code) => process.exit(code));
