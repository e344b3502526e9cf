// Program: prints what it found out about this host's KVM. A process of its own, since only it may load native code.
import { probeKvm } from './probe-kvm.js';

process.stdout.write(JSON.stringify(probeKvm()));
