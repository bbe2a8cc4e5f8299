// The colours of abundances.
import assert from 'node:assert/strict';
import { VIRIDIS } from '@egunet/infer-web';
import { colourOne, colourThree } from '@egunet/infer-web/maplibre';

describe('the colours of abundances', () => {
  it('lie along the ramp, of the endmember that is chosen', () => {
    const colourOf = (abundance: number) => colourOne(1)(Float32Array.of(1 - abundance, abundance));
    assert.deepEqual(colourOf(0), [0x44, 0x01, 0x54]);
    assert.deepEqual(colourOf(1), [0xfd, 0xe7, 0x25]);
    // The first stop but one of ten is a ninth of the way; halfway to it lies their mean.
    assert.equal(VIRIDIS[1], '#482878');
    assert.deepEqual(colourOf(1 / 9), [0x48, 0x28, 0x78]);
    assert.deepEqual(colourOf(1 / 18), [(0x44 + 0x48) / 2, Math.round((0x01 + 0x28) / 2), (0x54 + 0x78) / 2]);
  });

  it('are red, green and blue of three endmembers', () => {
    assert.deepEqual(colourThree(2, 0, 1)(Float32Array.of(0.25, 0, 0.75)), [0.75 * 255, 0.25 * 255, 0]);
  });
});
