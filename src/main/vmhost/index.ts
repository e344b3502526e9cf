import { connectToParent } from './parent-link.js';
import { VmProcess } from './vm-process.js';

process.title = `annex-vm ${process.argv[2] ?? ''}`;
new VmProcess(connectToParent(), (code) => process.exit(code));
