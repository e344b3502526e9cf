import { describe, expect, it } from 'vitest';
import { splitForEllipsis } from './middle-ellipsis.js';

describe('splitForEllipsis', () => {
  it('keeps the extension and a few characters before it', () => {
    expect(splitForEllipsis('debian-12.11.0-amd64-netinst.iso')).toEqual({
      head: 'debian-12.11.0-amd64-net',
      tail: 'inst.iso',
    });
  });

  it('loses no character of any name', () => {
    for (const name of ['a', '.hidden', 'no-extension', 'x.tar.gz', '硬盘.qcow2']) {
      const { head, tail } = splitForEllipsis(name);
      expect(head + tail).toBe(name);
    }
  });
});
