import { runnerImport } from 'vite';
await runnerImport('/work/wt/silicon/conformance/cpu/oracle/zz.ts');
