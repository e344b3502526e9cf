import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { debianImage, runInRoot, runTool } from './debian-image.js';

const NODE_TESTS = '/annex/node';

/** Instead of init: a shell on the serial line, without the services of a whole Debian. */
const SESSION = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb PS1='@@ ' ENV=
mount -t tmpfs tmp /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
cd /tmp
exec setsid sh -i </dev/ttyS0 >/dev/ttyS0 2>&1
`;

/** Runs the tests of Node's own that it is given, each with the options it names in its head. */
const NODE_RUNNER = `#!/bin/sh
cd ${NODE_TESTS}/test/parallel
for test; do
  if NODE_TEST_DIR=/tmp timeout 120 node $(sed -n 's,^// Flags: ,,p' "$test") "$test" >/tmp/output 2>&1
  then echo "passed $test"
  else echo "failed $test"; tail -n 20 /tmp/output
  fi
done
`;

/**
 * A disk with Debian's Node.js and Python and the programs they are tested by: `python3 -m test`, and what
 * `/annex/run-node-tests` takes names of, from Node's source package. Starts to a shell on ttyS0 whose prompt is `@@ `.
 * @returns path of a raw image, not to be written
 */
export function debianLanguagesDisk(): Promise<string> {
  return debianImage({
    name: 'debian-12-languages-1',
    bytes: 2 * 1024 ** 3,
    kernel: 'linux-image-cloud-amd64',
    kernelOptions: 'rw console=ttyS0,115200 init=/annex/session quiet',
    packages: ['nodejs', 'python3', 'libpython3.11-testsuite'],
    prepare: async (root) => {
      await mkdir(path.join(root, 'annex'));
      await writeProgram(path.join(root, 'annex/session'), SESSION);
      await writeProgram(path.join(root, 'annex/run-node-tests'), NODE_RUNNER);
      await addNodeTests(root);
    },
  });
}

async function writeProgram(file: string, text: string): Promise<void> {
  await writeFile(file, text);
  await chmod(file, 0o755);
}

/** From the source package of the Node that is installed. */
async function addNodeTests(root: string): Promise<void> {
  const lists = path.join(root, 'etc/apt');
  const sources = await readFile(path.join(lists, 'sources.list'), 'utf8');
  await writeFile(path.join(lists, 'sources.list.d/source.list'), sources.replaceAll(/^deb /gm, 'deb-src '));
  await runInRoot(root, 'mkdir /source; cd /source; apt-get update -q; apt-get source -q --download-only nodejs');
  const downloads = path.join(root, 'source');
  const archive = (await readdir(downloads)).find((name) => /\.orig\.tar\.\w+$/.test(name));
  if (archive === undefined) throw new Error('the source package of nodejs has no original archive');
  const target = path.join(root, NODE_TESTS);
  await mkdir(target);
  const folders = ['common', 'fixtures', 'parallel'].map((folder) => `*/test/${folder}/*`);
  await runTool('tar', ['-C', target, '--strip-components=1', '--wildcards', '-xf', path.join(downloads, archive), ...folders]); // prettier-ignore
  await rm(downloads, { recursive: true });
}
