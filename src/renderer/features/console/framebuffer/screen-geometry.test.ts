import { describe, expect, it } from 'vitest';
import { screenGeometry } from './screen-geometry.js';

const VGA = { width: 640, height: 480 };

describe('placing the screen', () => {
  it('fits and centres, filtered unless the factor is whole', () => {
    expect(screenGeometry(VGA, { width: 1004, height: 724 }, 1, 'fit')).toEqual({
      width: 960,
      height: 720,
      left: 22,
      top: 2,
      scale: 1.5,
      crisp: false,
    });
    expect(screenGeometry(VGA, { width: 1280, height: 960 }, 1, 'fit')).toMatchObject({ scale: 2, crisp: true });
  });

  it('takes the largest whole factor of device pixels', () => {
    expect(screenGeometry(VGA, { width: 1000, height: 800 }, 2, 'integer')).toMatchObject({
      width: 960,
      scale: 1.5,
      crisp: true,
    });
    expect(screenGeometry(VGA, { width: 300, height: 200 }, 1, 'integer')).toMatchObject({ scale: 1, left: 0, top: 0 });
  });

  it('shows the original size sharp on any display', () => {
    expect(screenGeometry(VGA, { width: 800, height: 600 }, 2, 'original')).toMatchObject({ scale: 1, crisp: true });
    expect(screenGeometry(VGA, { width: 800, height: 600 }, 1.5, 'original')).toMatchObject({
      scale: 2 / 1.5,
      crisp: true,
    });
  });

  it('starts on a whole device pixel', () => {
    const { left, top } = screenGeometry(VGA, { width: 641, height: 483 }, 1, 'original');
    expect([left, top]).toEqual([0, 1]);
  });
});
